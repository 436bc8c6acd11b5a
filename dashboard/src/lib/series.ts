// Chart data: stored minutes for the time before the page was opened, live readings since, gaps as gaps.
import type { History, Point, State } from "../api/types";

/** One live sample: the readings of one state. */
export interface LivePoint {
  time_ms: number;
  now: Readonly<Record<string, number>>;
}

/** A value, or null where nothing is known. */
export type Row = (number | null)[];

/** Lines over time: a time for each place, and for each metric what was known then. */
export interface Lines {
  times: number[];
  mean: Row[];
  /** Lowest and highest of what the mean is of; null where the mean is a single reading. */
  min: Row[];
  max: Row[];
}

const MINUTE_MS = 60_000;
/** So much of a step again without a point is a hole. */
const HOLE_STEPS = 1.5;
/** A stored minute this close to a live reading says nothing more. */
const COVERED_MS = 30_000;
/** After so many intervals without a reading a line is broken. */
const LIVE_GAP_INTERVALS = 3;

/** A device's clock that is further ahead of the hub's is wrong, whatever it says of itself. */
const MAX_AHEAD_MS = 3_600_000;

/**
 * When a state was sampled: by the device's clock if it can be right, otherwise when the hub got it; null
 * when neither is known, as for a state that a broker had kept.
 */
export function sampledAt(state: State, receivedMs: number | null): number | null {
  if (state.clock !== "synchronized") return receivedMs;
  return receivedMs !== null && state.time_ms > receivedMs + MAX_AHEAD_MS ? receivedMs : state.time_ms;
}

/**
 * The live points with one more, oldest first, none older than `spanMs` before it and at most `most` of
 * them: the buffer of a page that stays open for weeks does not grow. A repeated point is ignored. States
 * come in the order in which they were sampled, so an older time means that a clock was set back: what was
 * drawn later than that was drawn too late, and goes.
 */
export function append(
  points: readonly LivePoint[],
  point: LivePoint,
  spanMs: number,
  most: number,
): LivePoint[] {
  const last = points.at(-1);
  if (last && point.time_ms === last.time_ms) return [...points];
  const from = point.time_ms - spanMs;
  const kept = points.filter((old) => old.time_ms >= from && old.time_ms < point.time_ms);
  return [...kept.slice(Math.max(0, kept.length + 1 - most)), point];
}

interface Moment {
  time_ms: number;
  live: boolean;
  values: Readonly<Record<string, Pick<Point, "mean"> & Partial<Point>>>;
}

/** What lines are made of. */
export interface Source {
  metrics: readonly string[];
  history: History | null;
  live?: readonly LivePoint[];
  /** Nothing before it is drawn. */
  fromMs: number;
  /** Distance of two live points. */
  intervalMs?: number;
}

/** Stored minutes and live points of some metrics, as lines that break where something is missing. */
export function linesOf(source: Source): Lines {
  const { metrics, history, live = [], fromMs, intervalMs = 0 } = source;
  const stepMs = history?.step_ms ?? MINUTE_MS;
  const stored = storedMoments(metrics, history).filter(({ time_ms }) => !covered(time_ms, live));
  const spoken = live.map(({ time_ms, now }) => ({ time_ms, live: true, values: readings(now, metrics) }));
  const moments = [...stored, ...spoken]
    .filter(({ time_ms }) => time_ms >= fromMs)
    .sort((a, b) => a.time_ms - b.time_ms);

  const rows = () => metrics.map((): Row => []);
  const lines: Lines = { times: [], mean: rows(), min: rows(), max: rows() };
  const push = (time: number, values: Moment["values"]) => {
    lines.times.push(time);
    metrics.forEach((metric, index) => {
      const point = values[metric];
      lines.mean[index]?.push(point?.mean ?? null);
      lines.min[index]?.push(point?.min ?? null);
      lines.max[index]?.push(point?.max ?? null);
    });
  };
  moments.forEach((moment, index) => {
    const before = moments[index - 1];
    if (before) {
      const longest = before.live && moment.live ? LIVE_GAP_INTERVALS * intervalMs : HOLE_STEPS * stepMs;
      // A point without values between the two breaks the line.
      if (moment.time_ms - before.time_ms > longest) push((before.time_ms + moment.time_ms) / 2, {});
    }
    push(moment.time_ms, moment.values);
  });
  return lines;
}

function readings(now: LivePoint["now"], metrics: readonly string[]): Moment["values"] {
  return Object.fromEntries(
    metrics.flatMap((metric) => (now[metric] === undefined ? [] : [[metric, { mean: now[metric] }]])),
  );
}

function storedMoments(metrics: readonly string[], history: History | null): Moment[] {
  const moments = new Map<number, Record<string, Point>>();
  for (const { metric, points } of history?.series ?? []) {
    if (!metrics.includes(metric)) continue;
    for (const point of points) {
      const values = moments.get(point.time_ms) ?? {};
      values[metric] = point;
      moments.set(point.time_ms, values);
    }
  }
  return [...moments].map(([time_ms, values]) => ({ time_ms, live: false, values }));
}

function covered(timeMs: number, live: readonly LivePoint[]): boolean {
  return live.some((point) => Math.abs(point.time_ms - timeMs) < COVERED_MS);
}

/**
 * Positions of values with nothing on either side: no line shows them, so they need a dot. `undefined` is a place
 * that belongs to another line: it is neither a value nor a gap.
 */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const own = values.flatMap((value, place) => (value === undefined ? [] : [place]));
  const known = (at: number) => values[own[at] ?? -1] != null;
  return own.filter((_, at) => known(at) && !known(at - 1) && !known(at + 1));
}

/** The points of a metric in a history; none when it is not there. */
export function pointsOf(history: History | null | undefined, metric: string): readonly Point[] {
  return history?.series.find((series) => series.metric === metric)?.points ?? [];
}

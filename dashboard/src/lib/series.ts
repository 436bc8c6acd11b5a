// Chart data: stored minutes for the time before the page was opened, live readings since, gaps as gaps.
import type { History, State } from "../api/types";

/** One live sample: the readings of one state. */
export interface LivePoint {
  time_ms: number;
  now: Readonly<Record<string, number>>;
}

/** Times, then one row of values per metric; null where nothing is known. */
export type ChartData = [number[], ...(number | null)[][]];

/** Stored minutes come 60 s apart; half of that again is a hole. */
const MINUTE_GAP_MS = 90_000;
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

interface Row {
  time_ms: number;
  live: boolean;
  values: Readonly<Record<string, number>>;
}

/** Stored minutes and live points of some metrics from `fromMs` on, as one chart. */
export function chartData(
  metrics: string[],
  history: History | null,
  live: readonly LivePoint[],
  fromMs: number,
  intervalMs: number,
): ChartData {
  const stored = storedRows(metrics, history).filter((row) => !covered(row.time_ms, live));
  const rows: Row[] = [...stored, ...live.map(({ time_ms, now }) => ({ time_ms, live: true, values: now }))]
    .filter((row) => row.time_ms >= fromMs)
    .sort((a, b) => a.time_ms - b.time_ms);

  const times: number[] = [];
  const lines: (number | null)[][] = metrics.map(() => []);
  const push = (time: number, values: Row["values"]) => {
    times.push(time);
    metrics.forEach((metric, index) => lines[index]?.push(values[metric] ?? null));
  };
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    if (before) {
      const longest = before.live && row.live ? LIVE_GAP_INTERVALS * intervalMs : MINUTE_GAP_MS;
      // A point without values between the two breaks the line.
      if (row.time_ms - before.time_ms > longest) push((before.time_ms + row.time_ms) / 2, {});
    }
    push(row.time_ms, row.values);
  });
  return [times, ...lines];
}

function storedRows(metrics: string[], history: History | null): Row[] {
  const rows = new Map<number, Record<string, number>>();
  for (const { metric, points } of history?.series ?? []) {
    if (!metrics.includes(metric)) continue;
    for (const point of points) {
      const values = rows.get(point.time_ms) ?? {};
      if (point.mean !== undefined) values[metric] = point.mean;
      rows.set(point.time_ms, values);
    }
  }
  return [...rows].map(([time_ms, values]) => ({ time_ms, live: false, values }));
}

function covered(timeMs: number, live: readonly LivePoint[]): boolean {
  return live.some((point) => Math.abs(point.time_ms - timeMs) < COVERED_MS);
}

/** Positions of values with nothing on either side: no line shows them, so they need a dot. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  return values.flatMap((value, i) =>
    value != null && values[i - 1] == null && values[i + 1] == null ? [i] : [],
  );
}

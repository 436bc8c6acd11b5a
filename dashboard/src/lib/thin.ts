// Long histories have more points than a screen has pixels. Fewer points keep what matters: means, and extremes.
import type { History, Point } from "../api/types";

/** Steps between two points, from minutes to a day. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440].map((minutes) => minutes * 60_000);

/** The shortest step with which a span has at most `most` points. */
export function stepFor(spanMs: number, most: number): number {
  return STEPS_MS.find((step) => spanMs / step <= most) ?? (STEPS_MS.at(-1) as number);
}

/** A history with one point for each step in which there was any; a step without points stays empty. */
export function thinHistory(history: History, stepMs: number): History {
  const series = history.series.map(({ metric, points }) => ({ metric, points: thinned(points, stepMs) }));
  return { ...history, series };
}

function thinned(points: readonly Point[], stepMs: number): Point[] {
  const steps = new Map<number, Point[]>();
  for (const point of points) {
    const step = Math.floor(point.time_ms / stepMs);
    const inside = steps.get(step);
    if (inside) inside.push(point);
    else steps.set(step, [point]);
  }
  return [...steps].map(([step, inside]) => joined(inside, (step + 0.5) * stepMs));
}

function joined(points: readonly Point[], time_ms: number): Point {
  const { mean, min, max, last, count } = statsOf(points) as Stats;
  return { time_ms, mean, min, max, last, count };
}

export interface Stats extends Omit<Point, "time_ms"> {
  /** Last mean less the first one. */
  change: number;
  /** When the lowest and the highest reading were, to the minute. */
  minAt: number;
  maxAt: number;
}

/** What can be said of some points together, in the order of time; null when there are none. */
export function statsOf(points: readonly Point[]): Stats | null {
  const [first] = points;
  const end = points.at(-1);
  if (!first || !end) return null;
  let [sum, count, low, high] = [0, 0, first, first];
  for (const point of points) {
    sum += point.mean * point.count;
    count += point.count;
    if (point.min < low.min) low = point;
    if (point.max > high.max) high = point;
  }
  return {
    mean: sum / count,
    min: low.min,
    max: high.max,
    minAt: low.time_ms,
    maxAt: high.time_ms,
    last: end.last,
    count,
    change: end.mean - first.mean,
  };
}

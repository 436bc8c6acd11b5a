// What can be said of some points together.
import type { Point } from "../api/types";

export interface Stats {
  /** Weighted by the number of readings. */
  mean: number;
  min: number;
  max: number;
  /** When the lowest and the highest reading were, to the step. */
  minAt: number;
  maxAt: number;
  /** Last mean less the first one. */
  change: number;
}

/** Of points in the order of time; null when there are none. */
export function statsOf(points: readonly Point[]): Stats | null {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return null;
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
    change: last.mean - first.mean,
  };
}

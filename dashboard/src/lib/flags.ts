// A flag over time, such as undervoltage: when it was set, when not, and when nobody knows.
import type { Point } from "../api/types";

export interface Stretch {
  fromMs: number;
  toMs: number;
  /** Whether it was set at any time in it. */
  set: boolean;
}

const MINUTE_MS = 60_000;

/**
 * Stretches in which a flag was all set or all unset, from points that stand for the `stepMs` before them; between
 * them nothing is known.
 */
export function stretches(points: readonly Point[], stepMs = MINUTE_MS): Stretch[] {
  const found: Stretch[] = [];
  for (const { time_ms, max } of points) {
    const last = found.at(-1);
    const set = max > 0;
    const fromMs = time_ms - stepMs;
    const follows = last && fromMs - last.toMs <= stepMs / 2;
    if (follows && last.set === set) last.toMs = time_ms;
    else found.push({ fromMs: follows ? last.toMs : fromMs, toMs: time_ms, set });
  }
  return found;
}

// A flag over time, such as undervoltage: when it was set, when not, and when nobody knows.
import type { Point } from "../api/types";

export interface Stretch {
  fromMs: number;
  toMs: number;
  /** Whether it was set at any time in it. */
  set: boolean;
}

/** A minute without a point is unknown; this much more may pass before one is missing. */
const MINUTE_MS = 60_000;
const SLACK_MS = 30_000;

/** Stretches in which a flag was all set or all unset; between them nothing is known. */
export function stretches(points: readonly Point[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { time_ms, max } of points) {
    const last = found.at(-1);
    const set = max > 0;
    const fromMs = time_ms - MINUTE_MS;
    const follows = last && fromMs - last.toMs <= SLACK_MS;
    if (follows && last.set === set) last.toMs = time_ms;
    else found.push({ fromMs: follows ? last.toMs : fromMs, toMs: time_ms, set });
  }
  return found;
}

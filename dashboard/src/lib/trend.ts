// Where a weather figure goes.
import type { Point, Unit } from "../api/types";

export type Direction = "rising" | "falling" | "steady";

export interface Trend {
  change: number;
  direction: Direction;
  spanMs: number;
}

/** What counts as a change over the hours that a trend looks back. */
const STEADY: Partial<Record<Unit, number>> = { celsius: 0.5, percent: 2, hectopascal: 1 };
/** A point that is further from where the trend begins does not stand for it. */
const SLACK_MS = 600_000;

/** From about `spanMs` before `nowMs` until now; null when either end is not known. */
export function trendOf(points: readonly Point[], unit: Unit, nowMs: number, spanMs: number): Trend | null {
  const at = nowMs - spanMs;
  const first = points.find(({ time_ms }) => time_ms >= at - SLACK_MS);
  const last = points.at(-1);
  if (!first || !last || first.time_ms > at + SLACK_MS || last.time_ms < nowMs - SLACK_MS) return null;
  const change = last.mean - first.mean;
  const least = STEADY[unit] ?? 0;
  const direction = Math.abs(change) < least ? "steady" : change > 0 ? "rising" : "falling";
  return { change, direction, spanMs };
}

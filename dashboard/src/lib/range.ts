// The time that a chart shows: the last so long, or between two moments.
import { DAY } from "./time";

const HOUR = 3_600_000;

export const SPANS = [
  { key: "1h", ms: HOUR },
  { key: "24h", ms: DAY },
  { key: "7d", ms: 7 * DAY },
  { key: "30d", ms: 30 * DAY },
] as const;

export type Range = { kind: "last"; spanMs: number } | { kind: "between"; fromMs: number; toMs: number };

/** Shorter than this there is not one stored minute to show. */
const SHORTEST_MS = 120_000;
const LONGEST_MS = 366 * DAY;

/** Start and end of a range. */
export function boundsOf(range: Range, nowMs: number): [number, number] {
  return range.kind === "last" ? [nowMs - range.spanMs, nowMs] : [range.fromMs, range.toMs];
}

/** A range between two moments, whichever comes first; null when it is too short or too long to show. */
export function between(a: number, b: number): Range | null {
  const [fromMs, toMs] = a < b ? [a, b] : [b, a];
  const spanMs = toMs - fromMs;
  return spanMs >= SHORTEST_MS && spanMs <= LONGEST_MS ? { kind: "between", fromMs, toMs } : null;
}

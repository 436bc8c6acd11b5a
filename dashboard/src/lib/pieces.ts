// The hub answers for so many metrics and so long a time at once; longer questions are asked in pieces.
import { DAY } from "./time";

const MOST_METRICS = 20;
const LONGEST_MS = 7 * DAY;

export interface Piece {
  metrics: readonly string[];
  fromMs: number;
  toMs: number;
}

/** A question as those that the hub takes, oldest first. */
export function pieces(metrics: readonly string[], fromMs: number, toMs: number): Piece[] {
  const asked: Piece[] = [];
  for (let from = fromMs; from < toMs; from += LONGEST_MS) {
    for (let at = 0; at < metrics.length; at += MOST_METRICS) {
      const to = Math.min(toMs, from + LONGEST_MS);
      asked.push({ metrics: metrics.slice(at, at + MOST_METRICS), fromMs: from, toMs: to });
    }
  }
  return asked;
}

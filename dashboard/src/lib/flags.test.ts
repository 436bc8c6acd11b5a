import { expect, it } from "vitest";
import type { Point } from "../api/types";
import { stretches } from "./flags";

const MINUTE = 60_000;
const point = (minute: number, max: number): Point => ({
  time_ms: minute * MINUTE,
  mean: max / 12,
  min: 0,
  max,
  count: 12,
});

it("joins minutes alike, and a minute in which it was set once counts as set", () => {
  expect(stretches([point(1, 0), point(2, 0), point(3, 1), point(4, 0)])).toEqual([
    { fromMs: 0, toMs: 2 * MINUTE, set: false },
    { fromMs: 2 * MINUTE, toMs: 3 * MINUTE, set: true },
    { fromMs: 3 * MINUTE, toMs: 4 * MINUTE, set: false },
  ]);
});

it("leaves unknown what nobody said", () => {
  expect(stretches([point(1, 0), point(5, 0)])).toEqual([
    { fromMs: 0, toMs: MINUTE, set: false },
    { fromMs: 4 * MINUTE, toMs: 5 * MINUTE, set: false },
  ]);
  expect(stretches([])).toEqual([]);
});

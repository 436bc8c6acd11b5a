import { expect, it } from "vitest";
import type { Point } from "../api/types";
import { statsOf } from "./stats";

const point = (time_ms: number, mean: number, parts: Partial<Point> = {}): Point => ({
  time_ms,
  mean,
  min: mean,
  max: mean,
  count: 12,
  ...parts,
});

it("weighs the mean by the number of readings, and finds the extremes with their times", () => {
  const points = [point(0, 10), point(1, 40, { max: 50, count: 4 }), point(2, 12, { min: 3 })];
  expect(statsOf(points)).toEqual({ mean: 424 / 28, min: 3, max: 50, minAt: 2, maxAt: 1, change: 2 });
});

it("says nothing of no points", () => {
  expect(statsOf([])).toBeNull();
});

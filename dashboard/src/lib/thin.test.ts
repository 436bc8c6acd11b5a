import { describe, expect, it } from "vitest";
import type { Point } from "../api/types";
import { T0 } from "./sample";
import { statsOf, stepFor, thinHistory } from "./thin";

const MINUTE = 60_000;
const START = Math.ceil(T0 / (60 * MINUTE)) * 60 * MINUTE;

const point = (minute: number, mean: number, parts: Partial<Point> = {}): Point => ({
  time_ms: START + minute * MINUTE,
  mean,
  min: mean,
  max: mean,
  last: mean,
  count: 12,
  ...parts,
});
const thin = (points: Point[], stepMs: number) =>
  thinHistory({ device: "roof", from_ms: 0, to_ms: 0, series: [{ metric: "a", points }] }, stepMs).series[0]
    ?.points;

describe("fewer points", () => {
  it("weigh the mean by the number of readings and keep the extremes", () => {
    const points = [point(0, 10, { min: 2 }), point(1, 40, { count: 4, max: 90 }), point(10, 5)];
    expect(thin(points, 5 * MINUTE)).toEqual([
      { time_ms: START + 2.5 * MINUTE, mean: 17.5, min: 2, max: 90, last: 40, count: 16 },
      { time_ms: START + 12.5 * MINUTE, mean: 5, min: 5, max: 5, last: 5, count: 12 },
    ]);
  });

  it("are as many as fit", () => {
    expect(stepFor(24 * 60 * MINUTE, 1500)).toBe(MINUTE);
    expect(stepFor(7 * 24 * 60 * MINUTE, 1000)).toBe(15 * MINUTE);
    expect(stepFor(3650 * 24 * 60 * MINUTE, 1000)).toBe(24 * 60 * MINUTE);
  });
});

describe("points together", () => {
  it("have a mean, extremes with their times, and a change", () => {
    const points = [point(0, 10), point(1, 40, { max: 50, count: 4 }), point(2, 12, { min: 3 })];
    expect(statsOf(points)).toMatchObject({ mean: 424 / 28, min: 3, max: 50, change: 2, count: 28 });
    expect(statsOf(points)).toMatchObject({ minAt: START + 2 * MINUTE, maxAt: START + MINUTE });
  });

  it("are nothing when there are none", () => {
    expect(statsOf([])).toBeNull();
  });
});

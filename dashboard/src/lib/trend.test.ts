import { expect, it } from "vitest";
import type { Point } from "../api/types";
import { T0 } from "./sample";
import { trendOf } from "./trend";

const HOUR = 3_600_000;
const point = (time_ms: number, mean: number): Point => ({
  time_ms,
  mean,
  min: mean,
  max: mean,

  count: 12,
});
const trend = (...points: Point[]) => trendOf(points, "hectopascal", T0, 3 * HOUR);

it("tells where a figure goes, and that a little is nothing", () => {
  expect(trend(point(T0 - 3 * HOUR, 1013), point(T0 - 60_000, 1010.5))).toMatchObject({
    direction: "falling",
    change: -2.5,
  });
  expect(trend(point(T0 - 3 * HOUR, 1013), point(T0, 1014))?.direction).toBe("rising");
  expect(trend(point(T0 - 3 * HOUR, 1013), point(T0, 1013.9))?.direction).toBe("steady");
});

it("says nothing when one of its ends is missing", () => {
  expect(trend()).toBeNull();
  expect(trend(point(T0 - 2 * HOUR, 1013), point(T0, 1014))).toBeNull();
  expect(trend(point(T0 - 3 * HOUR, 1013), point(T0 - HOUR, 1014))).toBeNull();
  expect(trend(point(T0 - 9 * HOUR, 1013), point(T0 - 8 * HOUR, 1014))).toBeNull();
});

import { expect, it } from "vitest";
import type { Point } from "../api/types";
import { metric } from "./sample";
import { extremesSince, stationsOf } from "./weather";

const point = (time_ms: number, min: number, max: number): Point => ({
  time_ms,
  mean: min,
  min,
  max,

  count: 12,
});

it("sorts the weather by sensor and leaves out what is none", () => {
  const stations = stationsOf([
    metric("roof_temperature_celsius", "celsius", "roof"),
    metric("roof_humidity_percent", "percent", "roof"),
    metric("temperature_celsius", "celsius", "bme280"),
    metric("soc_temperature_celsius", "celsius", "soc"),
  ]);
  expect(stations.map(({ sensor, metrics }) => [sensor, Object.keys(metrics)])).toEqual([
    ["roof", ["temperature", "humidity"]],
    ["bme280", ["temperature"]],
  ]);
});

it("finds the extremes of a day, with what is read just now", () => {
  const points = [point(50, -9, 40), point(150, 3, 8), point(200, 4, 9)];
  expect(extremesSince(points, 100, 2)).toEqual({ min: 2, max: 9 });
  expect(extremesSince(points, 100, null)).toEqual({ min: 3, max: 9 });
  expect(extremesSince([], 0, null)).toBeNull();
});

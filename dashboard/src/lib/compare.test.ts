import { expect, it } from "vitest";
import type { Comparison } from "../api/types";
import { asHistory, compared, sharedMetrics } from "./compare";
import { birth, device, metric } from "./sample";

it("offers every metric that any device has, once", () => {
  const a = device({ birth: birth([metric("a", "percent", "x"), metric("b", "percent", "x")]) });
  const b = device({ birth: birth([metric("b", "percent", "x"), metric("c", "percent", "x")]) });
  expect(sharedMetrics([a, b]).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

const COMPARISON: Comparison = {
  metric: "cpu_percent",
  from_ms: 0,
  to_ms: 3000,
  step_ms: 1000,
  times_ms: [1000, 2000, 3000],
  devices: [
    { device: "roof", mean: [1, null, 3], min: [0, null, 2], max: [2, null, 9], count: [1, null, 1] },
    { device: "pump", mean: [null, null, null], min: [null, null, null], max: [], count: [] },
  ],
};

it("puts devices beside each other and leaves out what is not known", () => {
  const history = asHistory(COMPARISON);
  expect(history.step_ms).toBe(1000);
  expect(history.series).toEqual([
    {
      metric: "roof",
      points: [
        { time_ms: 1000, mean: 1, min: 0, max: 2, count: 1 },
        { time_ms: 3000, mean: 3, min: 2, max: 9, count: 1 },
      ],
    },
    { metric: "pump", points: [] },
  ]);
  expect(compared(history)).toEqual([
    { device: "roof", stats: expect.objectContaining({ mean: 2, min: 0, max: 9, change: 2 }) },
    { device: "pump", stats: null },
  ]);
  expect(compared(null)).toEqual([]);
});

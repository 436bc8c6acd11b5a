import { expect, it } from "vitest";
import type { History } from "../api/types";
import { compared, sharedMetrics, sideBySide } from "./compare";
import { birth, device, metric, T0 } from "./sample";

const history = (id: string, ...means: number[]): History => ({
  device: id,
  from_ms: T0,
  to_ms: T0,
  series: [
    {
      metric: "cpu_percent",
      points: means.map((mean, at) => ({
        time_ms: T0 + at,
        mean,
        min: mean,
        max: mean,
        last: mean,
        count: 1,
      })),
    },
  ],
});

it("offers every metric that any device has, once", () => {
  const a = device({ birth: birth([metric("a", "percent", "x"), metric("b", "percent", "x")]) });
  const b = device({ birth: birth([metric("b", "percent", "x"), metric("c", "percent", "x")]) });
  expect(sharedMetrics([a, b]).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

it("puts devices beside each other, and a device without history stays one without", () => {
  const both = [history("roof", 1, 3), history("pump")];
  expect(sideBySide(both)?.series.map((one) => [one.metric, one.points.length])).toEqual([
    ["roof", 2],
    ["pump", 0],
  ]);
  expect(compared(both)).toEqual([
    { device: "roof", stats: expect.objectContaining({ mean: 2, min: 1, max: 3, change: 2 }) },
    { device: "pump", stats: null },
  ]);
  expect(sideBySide([])).toBeNull();
});

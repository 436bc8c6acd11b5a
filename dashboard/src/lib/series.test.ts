import { describe, expect, it } from "vitest";
import type { History } from "../api/types";
import { state, T0 } from "./sample";
import { append, linesOf, type LivePoint, lonely, sampledAt } from "./series";

const MINUTE = 60_000;

function history(series: Record<string, [number, number][]>): History {
  return {
    device: "roof",
    from_ms: T0,
    to_ms: T0,
    series: Object.entries(series).map(([metric, points]) => ({
      metric,
      points: points.map(([time_ms, mean]) => ({
        time_ms,
        mean,
        min: mean,
        max: mean,
        count: 12,
      })),
    })),
  };
}

function live(...times: number[]): LivePoint[] {
  return times.map((time_ms, index) => ({ time_ms, now: { a: index } }));
}

/** Times and means, which most of these tests are about. */
function drawn(
  metrics: string[],
  stored: History | null,
  points: LivePoint[],
  fromMs: number,
  intervalMs: number,
) {
  const lines = linesOf({ metrics, history: stored, live: points, fromMs, intervalMs });
  return [lines.times, ...lines.mean];
}

describe("lines", () => {
  it("joins stored minutes and live points without a gap where there is none", () => {
    const stored = history({
      a: [
        [T0, 10],
        [T0 + MINUTE, 11],
      ],
    });
    const points = live(T0 + 2 * MINUTE, T0 + 2 * MINUTE + 5000);
    expect(drawn(["a"], stored, points, 0, 5000)).toEqual([
      [T0, T0 + MINUTE, T0 + 2 * MINUTE, T0 + 2 * MINUTE + 5000],
      [10, 11, 0, 1],
    ]);
  });

  it("breaks the line at a missing minute and at missed states", () => {
    const stored = history({
      a: [
        [T0, 10],
        [T0 + 2 * MINUTE, 12],
      ],
    });
    expect(drawn(["a"], stored, [], 0, 5000)).toEqual([
      [T0, T0 + MINUTE, T0 + 2 * MINUTE],
      [10, null, 12],
    ]);
    expect(drawn(["a"], null, live(T0, T0 + 15_000, T0 + 30_001), 0, 5000)[1]).toEqual([0, 1, null, 2]);
  });

  it("breaks only the line of the metric whose sensor was silent", () => {
    const points: LivePoint[] = [
      { time_ms: T0, now: { a: 1, b: 1 } },
      { time_ms: T0 + 5000, now: { b: 2 } },
      { time_ms: T0 + 10_000, now: { a: 3, b: 3 } },
    ];
    const [, a, b] = drawn(["a", "b"], null, points, 0, 5000);
    expect(a).toEqual([1, null, 3]);
    expect(b).toEqual([1, 2, 3]);
  });

  it("leaves out minutes that live readings cover, and fills an outage of the browser with them", () => {
    const stored = history({
      a: [
        [T0 + 10_000, 50],
        [T0 + 70_000, 51],
        [T0 + 130_000, 52],
      ],
    });
    const points = live(T0 + 5000, T0 + 140_000);
    expect(drawn(["a"], stored, points, 0, 5000)).toEqual([
      [T0 + 5000, T0 + 70_000, T0 + 140_000],
      [0, 51, 1],
    ]);
  });

  it("keeps to the time and the metrics asked for", () => {
    const stored = history({
      a: [
        [T0, 1],
        [T0 + MINUTE, 2],
      ],
      z: [[T0 + 30_000, 9]],
    });
    expect(drawn(["a"], stored, [], T0 + 1, 5000)).toEqual([[T0 + MINUTE], [2]]);
    expect(drawn(["a"], null, [], 0, 5000)).toEqual([[], []]);
  });
});

describe("the envelope", () => {
  it("goes with stored points and ends where single readings begin", () => {
    const stored = history({ a: [[T0, 10]] });
    Object.assign(stored.series[0]?.points[0] ?? {}, { min: 8, max: 13 });
    const lines = linesOf({
      metrics: ["a"],
      history: stored,
      live: live(T0 + MINUTE),
      fromMs: 0,
      intervalMs: 5000,
    });
    expect([lines.mean, lines.min, lines.max]).toEqual([[[10, 0]], [[8, null]], [[13, null]]]);
  });

  it("has holes as wide as the step of its history", () => {
    const hours = history({
      a: [
        [T0, 1],
        [T0 + 60 * MINUTE, 2],
        [T0 + 180 * MINUTE, 3],
      ],
    });
    hours.step_ms = 60 * MINUTE;
    const lines = linesOf({ metrics: ["a"], history: hours, fromMs: 0 });
    expect(lines.mean).toEqual([[1, 2, null, 3]]);
  });
});

describe("live points", () => {
  it("are bounded in time and number", () => {
    const [a, b, c] = live(0, 5000, 10_000) as [LivePoint, LivePoint, LivePoint];
    expect(append([a, b], c, 5000, 10)).toEqual([b, c]);
    expect(append([a, b], c, 60_000, 2)).toEqual([b, c]);
  });

  it("are in order, each once", () => {
    const points = live(5000);
    expect(append(points, { time_ms: 5000, now: {} }, 60_000, 10)).toEqual(points);
  });

  it("go on when a clock is set back", () => {
    const back = { time_ms: 4000, now: {} };
    expect(append(live(3000, 5000, 6000), back, 60_000, 10)).toEqual([...live(3000), back]);
  });

  it("are timed by the hub while the device's clock cannot be believed", () => {
    expect(sampledAt(state({ time_ms: 5 }), T0)).toBe(5);
    expect(sampledAt(state({ time_ms: 5, clock: "unsynchronized" }), T0)).toBe(T0);
    expect(sampledAt(state({ time_ms: T0 + 3_600_001 }), T0)).toBe(T0);
    expect(sampledAt(state({ time_ms: 5, clock: "unsynchronized" }), null)).toBeNull();
  });
});

it("finds values that no line reaches", () => {
  expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(lonely([1, undefined, 2, null, undefined, 3, undefined, null])).toEqual([5]);
});

import { expect, it } from "vitest";
import { between, boundsOf } from "./range";

it("follows the clock, or stands still", () => {
  expect(boundsOf({ kind: "last", spanMs: 60 }, 100)).toEqual([40, 100]);
  expect(boundsOf({ kind: "between", fromMs: 1, toMs: 2 }, 100)).toEqual([1, 2]);
});

it("lies between two moments in either order, neither too short nor without end", () => {
  expect(between(300_000, 0)).toEqual({ kind: "between", fromMs: 0, toMs: 300_000 });
  expect(between(0, 60_000)).toBeNull();
  expect(between(0, 400 * 86_400_000)).toBeNull();
  expect(between(Number.NaN, 5)).toBeNull();
});

import { expect, it } from "vitest";
import { pieces } from "./pieces";

const WEEK = 7 * 86_400_000;

it("asks at once for what fits", () => {
  expect(pieces(["a"], 0, WEEK)).toEqual([{ metrics: ["a"], fromMs: 0, toMs: WEEK }]);
  expect(pieces(["a"], 5, 5)).toEqual([]);
});

it("asks for every metric and every moment once", () => {
  const names = Array.from({ length: 45 }, (_, index) => `m${index}`);
  const asked = pieces(names, 0, WEEK + 1);
  expect(asked.map(({ metrics }) => metrics.length)).toEqual([20, 20, 5, 20, 20, 5]);
  expect(asked.slice(3).every(({ fromMs, toMs }) => fromMs === WEEK && toMs === WEEK + 1)).toBe(true);
});

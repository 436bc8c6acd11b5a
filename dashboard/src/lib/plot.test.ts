import { expect, it } from "vitest";
import { lineDash, tablesOf, valueAt, valueRange } from "./plot";

it("shows a share on the whole scale, and bytes from zero", () => {
  expect(valueRange("percent", 2, 5)).toEqual([0, 100]);
  expect(valueRange("bytes_per_second", 50, 100)).toEqual([0, expect.closeTo(110)]);
  expect(valueRange("bytes", 0, 0)).toEqual([0, 1]);
});

it("does not blow the noise of a steady value up to the whole chart", () => {
  expect(valueRange("celsius", 21.4, 21.5)).toEqual([expect.closeTo(20.45), expect.closeTo(22.45)]);
  expect(valueRange("celsius", 10, 20)).toEqual([9, 21]);
  expect(valueRange("celsius", null, null)).toEqual([0, 1]);
});

it("lays the time before under the present one, and edges only where they are shown", () => {
  const lines = { times: [10, 20], mean: [[1, 2]], min: [[0, 1]], max: [[2, 3]] };
  const before = { times: [0, 5], mean: [[7, 8]], min: [[]], max: [[]] };
  expect(tablesOf(lines, true, before, 10)).toEqual([
    [
      [10, 20],
      [1, 2],
      [0, 1],
      [2, 3],
    ],
    [
      [10, 15],
      [7, 8],
    ],
  ]);
  expect(tablesOf(lines, false, null, 0)).toEqual([
    [
      [10, 20],
      [1, 2],
    ],
  ]);
});

it("reads a line between its own points, but not over its gaps", () => {
  expect(valueAt([1, undefined, undefined], 2)).toBe(1);
  expect(valueAt([1, null, undefined], 2)).toBeNull();
  expect(valueAt([undefined], 0)).toBeNull();
  expect(valueAt(undefined, 3)).toBeNull();
});

it("tells twenty lines in eight colours apart", () => {
  expect(new Set([0, 8, 16].map((index) => lineDash(index).join())).size).toBe(3);
});

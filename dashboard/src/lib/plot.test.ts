import { expect, it } from "vitest";
import { valueRange } from "./plot";

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

import { expect, it } from "vitest";
import { find, patternsOf } from "./said";

const patterns = patternsOf([
  "said.{x} temperature",
  "said.Temperature",
  "said.up for {n} s (about)",
  "other",
]);

it("finds the closest pattern and what fills it", () => {
  expect(find(patterns, "Temperature")).toEqual(["said.Temperature", {}]);
  expect(find(patterns, "Roof top temperature")).toEqual(["said.{x} temperature", { x: "Roof top" }]);
  expect(find(patterns, "up for 7 s (about)")).toEqual(["said.up for {n} s (about)", { n: "7" }]);
});

it("finds nothing where none fits", () => {
  for (const text of ["other", "up for 7 s", " temperature", ""]) expect(find(patterns, text)).toBeNull();
});

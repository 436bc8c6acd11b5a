import { expect, it } from "vitest";
import type { Fault } from "../api/types";
import { faultHelp, faultLines, faultWord } from "./faults";

it("names each sensor in fault with the word of the contract, by sensor", () => {
  expect(faultLines({ outdoor: "no_answer", adc: "out_of_range" })).toEqual([
    "adc: out of range",
    "outdoor: no answer",
  ]);
  expect(faultLines({})).toEqual([]);
  expect(faultLines(undefined)).toEqual([]);
});

it("has words for a fault of the future", () => {
  const fault = "haunted" as Fault;
  expect(faultWord(fault)).toBe("unknown fault");
  expect(faultHelp(fault)).toContain("Update the hub");
});

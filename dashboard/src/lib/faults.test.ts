import { expect, it } from "vitest";
import type { Fault } from "../api/types";
import { faultList, faultName } from "./faults";

it("lists each sensor in fault, by sensor", () => {
  expect(faultList({ outdoor: "no_answer", adc: "out_of_range" })).toEqual([
    ["adc", "out_of_range"],
    ["outdoor", "no_answer"],
  ]);
  expect(faultList({})).toEqual([]);
  expect(faultList(undefined)).toEqual([]);
});

it("has a name for a fault of the future", () => {
  expect(faultName("haunted" as Fault)).toBe("unknown");
  expect(faultName("stuck")).toBe("stuck");
});

import { expect, it } from "vitest";
import { fullName, groupOf, headOf, nameOf, readTags } from "./labels";
import { device } from "./sample";

it("calls a device by its name, or else by its id", () => {
  expect(nameOf(device())).toBe("roof");
  expect(nameOf(device({ labels: { name: "Dach", tags: [], group: null } }))).toBe("Dach");
  expect(fullName(device())).toBe("roof");
  expect(fullName(device({ labels: { name: "Dach", tags: [], group: null } }))).toBe("Dach (roof)");
});

it("reads tags between commas", () => {
  expect(readTags(" wet, pv ,,north side")).toEqual(["wet", "pv", "north side"]);
  expect(readTags(" ")).toEqual([]);
});

it("tells the head of a group from a device", () => {
  expect([groupOf(headOf("Garden")), groupOf(headOf("")), groupOf("roof")]).toEqual(["Garden", "", null]);
});

import { expect, it } from "vitest";
import { meant, offersOf } from "./pick";
import { device } from "./sample";

const named = (id: string, name: string | null) =>
  [id, device({ id, labels: { name, tags: [], group: null } })] as const;
const devices = new Map([
  named("attic", null),
  named("pi-1", "Shed"),
  named("pi-2", "Shed"),
  named("pi-3", "Shed north"),
  named("roof", "Dach Süd"),
]);
const ids = [...devices.keys()];
const offers = (typed: string, chosen: string[] = []) => offersOf(ids, devices, chosen, typed, 50);
const pick = (typed: string, chosen: string[] = []) =>
  meant(offers(typed, chosen), typed, (id) => devices.get(id)?.labels.name ?? id)?.id;

it("offers what fits by name or id, and no one twice", () => {
  expect(offers("shed").map(({ id }) => id)).toEqual(["pi-1", "pi-2", "pi-3"]);
  expect(offers("pi-", ["pi-2"]).map(({ text }) => text)).toEqual(["Shed (pi-1)", "Shed north (pi-3)"]);
  expect(offers(" dach s").map(({ text }) => text)).toEqual(["Dach Süd (roof)"]);
  expect(offersOf(ids, devices, [], "", 2)).toHaveLength(2);
  expect(offers("nothing")).toEqual([]);
});

it("knows which one is meant, and does not guess between two of a name", () => {
  expect(["attic", "pi-2", "Shed (pi-1)", "Dach Süd", "roo", "north"].map((typed) => pick(typed))).toEqual([
    "attic",
    "pi-2",
    "pi-1",
    "roof",
    "roof",
    "pi-3",
  ]);
  expect(["Shed", "pi", ""].map((typed) => pick(typed))).toEqual([undefined, undefined, undefined]);
  expect(pick("Shed", ["pi-1"])).toBe("pi-2");
});

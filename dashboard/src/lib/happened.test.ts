import { expect, it } from "vitest";
import type { EventsView } from "../api/types";
import { continued, refreshed } from "./happened";

const page = (ids: number[], next_cursor: string | null): EventsView => ({
  events: ids.map((id) => ({
    id,
    time_ms: id,
    device: "roof",
    kind: "online",
    subject: null,
    outcome: null,
    detail: "",
    late: false,
  })),
  next_cursor,
});

it("goes on with older pages and keeps them when newer events come", () => {
  const shown = continued(page([9, 8, 7], "7"), page([6, 5], null));
  expect(shown).toEqual(page([9, 8, 7, 6, 5], null));
  expect(refreshed(shown, page([10, 9, 8], "8"))).toEqual(page([10, 9, 8, 7, 6, 5], null));
  expect(refreshed(shown, page([9, 8, 7], "7"))).toEqual(shown);
});

it("begins anew where events may be missing in between, or when all are gone", () => {
  const shown = page([3, 2, 1], null);
  expect(refreshed(shown, page([9, 8, 7], "7"))).toEqual(page([9, 8, 7], "7"));
  expect(refreshed(shown, page([], null))).toEqual(page([], null));
  expect(refreshed(null, page([3], null))).toEqual(page([3], null));
});

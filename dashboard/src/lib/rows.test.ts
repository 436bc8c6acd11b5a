import { expect, it } from "vitest";
import { rowsSeen } from "./rows";

it("draws what is seen and a little more, and keeps the height of the whole", () => {
  const rows = rowsSeen(1000, 1, 64, 6400, 7040);
  expect([rows.first, rows.end]).toEqual([94, 116]);
  expect(rows.before + rows.after + (rows.end - rows.first) * 64).toBe(64_000);
});

it("draws whole rows of several columns", () => {
  const { first, end, before, after } = rowsSeen(1001, 4, 100, 2000, 2400);
  expect([first % 4, end % 4]).toEqual([0, 0]);
  expect(before + after + ((end - first) / 4) * 100).toBe(25_100);
  expect(rowsSeen(7, 4, 100, 0, 500)).toEqual({ first: 0, end: 7, before: 0, after: 0 });
});

it("survives an empty list and a view far from it", () => {
  expect(rowsSeen(0, 3, 64, 0, 900)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
  expect(rowsSeen(10, 1, 64, 90_000, 91_000)).toMatchObject({ end: 10, after: 0 });
  expect(rowsSeen(10, 1, 64, -5000, -4000)).toMatchObject({ first: 0, end: 0, after: 640 });
});

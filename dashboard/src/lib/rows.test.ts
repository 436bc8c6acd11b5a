import { expect, it } from "vitest";
import { layOut, rowAt, rowsSeen } from "./rows";

const items = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
const sum = (heights: number[]) => heights.reduce((all, one) => all + one, 0);

it("draws what is seen and a little more, and keeps the height of the whole", () => {
  const rows = rowsSeen(layOut(items(1000), 1, 64), 6400, 7040);
  expect(rows.first).toBeLessThanOrEqual(94);
  expect(rows.end).toBeGreaterThanOrEqual(116);
  expect(rows.end - rows.first).toBeLessThan(30);
  expect(rows.before + rows.after + sum(rows.heights)).toBe(64_000);
});

it("draws whole rows of several columns", () => {
  const { first, end, before, after, heights } = rowsSeen(layOut(items(1001), 4, 100), 2000, 2400);
  expect([first % 4, end % 4]).toEqual([0, 0]);
  expect(before + after + sum(heights)).toBe(25_100);
  expect(rowsSeen(layOut(items(7), 4, 100), 0, 500)).toMatchObject({ first: 0, end: 7, before: 0, after: 0 });
});

it("survives an empty list and a view far from it", () => {
  expect(rowsSeen(layOut([], 3, 64), 0, 900)).toEqual({ first: 0, end: 0, before: 0, after: 0, heights: [] });
  expect(rowsSeen(layOut(items(10), 1, 64), 90_000, 91_000)).toMatchObject({ end: 10, after: 0 });
  expect(rowsSeen(layOut(items(10), 1, 64), -5000, -4000)).toMatchObject({ first: 0, before: 0 });
});

it("gives each head a row of its own and begins a new row after it", () => {
  const layout = layOut(["A", "1", "2", "3", "B", "C", "4"], 2, 100, (item) => /[A-Z]/.test(item), 40);
  expect(layout.starts).toEqual([0, 1, 3, 4, 5, 6, 7]);
  expect(layout.tops).toEqual([0, 40, 140, 240, 280, 320, 420]);
  expect([rowAt(layout.starts, 2), rowAt(layout.starts, 4), rowAt(layout.tops, 139)]).toEqual([1, 3, 1]);
});

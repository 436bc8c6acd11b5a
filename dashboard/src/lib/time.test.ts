import { describe, expect, it } from "vitest";
import { formatAgo, formatExact, formatSince } from "./time";

const NOW = new Date(2026, 10, 21, 14, 3, 9).getTime();

describe("relative times", () => {
  it.each([
    [-5_000, "just now"],
    [1_999, "just now"],
    [2_000, "2 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [3_599_999, "59 min ago"],
    [3_600_000, "1 h ago"],
    [47 * 3_600_000, "47 h ago"],
    [48 * 3_600_000, "2 days ago"],
  ])("an age of %d ms is %s", (age, text) => {
    expect(formatAgo(NOW - age, NOW)).toBe(text);
  });
});

describe("exact times", () => {
  it("are local, with leading zeros", () => {
    expect(formatExact(NOW)).toBe("2026-11-21 14:03:09");
  });

  it("carry their date when they are not of today", () => {
    expect(formatSince(NOW - 3_600_000, NOW)).toBe("13:03:09");
    expect(formatSince(NOW - 24 * 3_600_000, NOW)).toBe("2026-11-20 14:03");
  });
});

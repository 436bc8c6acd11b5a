import { describe, expect, it } from "vitest";
import {
  formatAge,
  formatAgo,
  formatClock,
  formatExact,
  formatMoment,
  formatSince,
  startOfDay,
  toLocalInput,
} from "./time";

const NOW = new Date(2026, 10, 21, 14, 3, 9).getTime();

describe("relative times", () => {
  it.each([
    [-5_000, "now"],
    [1_999, "now"],
    [2_000, "2s ago"],
    [59_999, "59s ago"],
    [60_000, "1m ago"],
    [3_599_999, "59m ago"],
    [3_600_000, "1h ago"],
    [47 * 3_600_000, "47h ago"],
    [48 * 3_600_000, "2d ago"],
  ])("an age of %d ms is %s", (age, text) => {
    expect(
      formatAgo(NOW - age, NOW, "en")
        .replace("min", "m")
        .replace("hr", "h"),
    ).toBe(text);
  });

  it("speak the reader's language", () => {
    expect(formatAgo(NOW - 60_000, NOW, "es")).toBe("hace 1 min");
    expect(formatAge(90_000, "pt")).toBe("1 min");
  });
});

describe("exact times", () => {
  it("are local, with seconds and time zone", () => {
    expect(formatClock(NOW, "en")).toBe("14:03:09");
    expect(formatExact(NOW, "en-GB")).toMatch(/^21 Nov 2026, 14:03:09 \S+/);
  });

  it("carry their date when they are not of today", () => {
    expect(formatSince(NOW - 3_600_000, NOW, "en")).toBe("13:03:09");
    expect(formatSince(NOW - 24 * 3_600_000, NOW, "en")).toBe(formatMoment(NOW - 24 * 3_600_000, "en"));
    expect(formatMoment(NOW, "en-GB")).toBe("21 Nov, 14:03");
  });
});

it("knows local midnight and the notation of a date field", () => {
  expect(startOfDay(NOW)).toBe(new Date(2026, 10, 21).getTime());
  expect(toLocalInput(NOW)).toBe("2026-11-21T14:03");
});

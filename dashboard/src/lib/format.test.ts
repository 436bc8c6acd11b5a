import { describe, expect, it } from "vitest";
import { formatDuration, formatRow, formatText, formatValue, MISSING } from "./format";

describe("values", () => {
  it("shows a missing or impossible value as a dash, never as zero", () => {
    for (const value of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(formatValue(value, "percent")).toEqual({ text: MISSING, unit: "" });
    }
    expect(formatText(0, "percent")).toBe("0.0\u00a0%");
  });

  it.each([
    [21.449, "celsius", "21.4 °C"],
    [-0.04, "celsius", "0.0 °C"],
    [-3.25, "celsius", "\u22123.3 °C"],
    [1013.25, "hectopascal", "1013.3 hPa"],
    [999, "bytes", "999 B"],
    [999.96, "bytes", "1.0 kB"],
    [1_536_000, "bytes_per_second", "1.5 MB/s"],
    [4_000_000_000, "bytes", "4.0 GB"],
    [119, "seconds", "119.0 s"],
    [93_784, "seconds", "1 d 2 h"],
    [7, "count", "7"],
    [1_500_000_000, "hertz", "1.5 GHz"],
    [3.3, "volts", "3.300 V"],
    [12_345.6, "lux", "12\u202f346 lx"],
    [8.25, "grams_per_cubic_meter", "8.3 g/m³"],
    [1, "flag", "yes"],
    [0, "flag", "no"],
    [0.25, "flag", "25 % yes"],
    [1_234_567, "count", "1\u202f234\u202f567"],
    [0.123456, "unknown", "0.1235"],
  ] as const)("%d %s is %s", (value, unit, text) => {
    expect(formatText(value, unit).replace("\u00a0", " ")).toBe(text);
  });
});

describe("values beside each other", () => {
  it.each([
    [[950, 1050], "bytes", ["0.95", "1.05"], "kB"],
    [[12, 7], "bytes", ["12", "7"], "B"],
    [[2_345_678, 1_000], "bytes_per_second", ["2.35", "0.00"], "MB/s"],
    [[undefined, 50], "percent", [MISSING, "50.00"], "%"],
    [[627_123, 627_093.5], "seconds", ["627\u202f123", "627\u202f094"], "s"],
    [[3, 4], "count", ["3", "4"], ""],
    [[3, 3.5], "count", ["3.00", "3.50"], ""],
    [[undefined, undefined], "bytes", [MISSING, MISSING], "B"],
  ] as const)("%j %s share one unit", (values, unit, texts, shown) => {
    expect(formatRow([...values], unit)).toEqual({ texts, unit: shown });
  });
});

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3661, "1 h 1 min"],
    [86_400, "1 d"],
    [86_461, "1 d"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

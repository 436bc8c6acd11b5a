import { describe, expect, it } from "vitest";
import {
  formatChange,
  formatDuration,
  formatRow,
  formatText,
  formatValue,
  MISSING,
  type Style,
} from "./format";

const EN: Style = { locale: "en", temperature: "celsius", pressure: "hectopascal", yes: "yes", no: "no" };
const US: Style = { ...EN, temperature: "fahrenheit", pressure: "inch_of_mercury" };
const PT: Style = { ...EN, locale: "pt-BR" };

describe("values", () => {
  it("shows a missing or impossible value as a dash, never as zero", () => {
    for (const value of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(formatValue(value, "percent", EN)).toEqual({ text: MISSING, unit: "" });
      expect(formatChange(value, "percent", EN)).toBe(MISSING);
    }
    expect(formatText(0, "percent", EN)).toBe("0.0\u00a0%");
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
    [93_784, "seconds", "1 day 2 hr"],
    [7, "count", "7"],
    [1_500_000_000, "hertz", "1.5 GHz"],
    [3.3, "volts", "3.300 V"],
    [12_345.6, "lux", "12,346 lx"],
    [8.25, "grams_per_cubic_meter", "8.3 g/m³"],
    [1, "flag", "yes"],
    [0, "flag", "no"],
    [0.25, "flag", "25 % yes"],
    [1_234_567, "count", "1,234,567"],
    [0.123456, "unknown", "0.1235"],
    [1234.56, "count", "1235"],
  ] as const)("%d %s is %s", (value, unit, text) => {
    expect(formatText(value, unit, EN).replace("\u00a0", " ")).toBe(text);
  });

  it("come in the units and the notation of the reader", () => {
    expect(formatValue(20, "celsius", US)).toEqual({ text: "68.0", unit: "°F" });
    expect(formatValue(1013.25, "hectopascal", US)).toEqual({ text: "29.92", unit: "inHg" });
    expect(formatValue(12_345.6, "lux", PT).text).toBe("12.346");
    expect(formatValue(21.45, "celsius", PT).text).toBe("21,5");
  });
});

it("a difference has a sign and no offset", () => {
  const said = (value: number, style: Style) => formatChange(value, "celsius", style).replace("\u00a0", " ");
  expect(said(1, EN)).toBe("+1.0 °C");
  expect(said(1, US)).toBe("+1.8 °F");
  expect(said(-2.5, US)).toBe("\u22124.5 °F");
  expect(said(0.01, EN)).toBe("0.0 °C");
});

describe("values beside each other", () => {
  it.each([
    [[950, 1050], "bytes", ["0.95", "1.05"], "kB"],
    [[12, 7], "bytes", ["12", "7"], "B"],
    [[2_345_678, 1_000], "bytes_per_second", ["2.35", "0.00"], "MB/s"],
    [[undefined, 50], "percent", [MISSING, "50.00"], "%"],
    [[627_123, 627_093.5], "seconds", ["627,123", "627,094"], "s"],
    [[1, 0.25], "flag", ["yes", "25\u00a0% yes"], ""],
    [[3, 4], "count", ["3", "4"], ""],
    [[3, 3.5], "count", ["3.00", "3.50"], ""],
    [[undefined, undefined], "bytes", [MISSING, MISSING], "B"],
  ] as const)("%j %s share one unit", (values, unit, texts, shown) => {
    expect(formatRow([...values], unit, EN)).toEqual({ texts, unit: shown });
  });

  it("come in the units of the reader", () => {
    expect(formatRow([0, 100], "celsius", US)).toEqual({ texts: ["32.00", "212.00"], unit: "°F" });
  });
});

describe("durations", () => {
  it.each([
    [0, "0 sec"],
    [59.9, "59 sec"],
    [60, "1 min"],
    [3661, "1 hr 1 min"],
    [86_400, "1 day"],
    [86_461, "1 day"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds, "en")).toBe(text);
  });

  it("come in the words of the reader", () => {
    expect(formatDuration(3 * 86_400, "pt")).toBe("3 dias");
  });
});

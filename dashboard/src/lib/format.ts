// Figures for people. Base units come in; a prefix is chosen here, and never a false zero.
import type { Unit } from "../api/types";

export interface Formatted {
  text: string;
  unit: string;
}

/** What stands in place of a value that is not there. */
export const MISSING = "–";

const SYMBOLS: Record<Unit, string> = {
  percent: "%",
  celsius: "°C",
  hectopascal: "hPa",
  bytes: "B",
  bytes_per_second: "B/s",
  seconds: "s",
  count: "",
  hertz: "Hz",
  volts: "V",
  amperes: "A",
  watts: "W",
  lux: "lx",
  parts_per_million: "ppm",
  grams_per_cubic_meter: "g/m³",
  millimeters: "mm",
  millimeters_per_hour: "mm/h",
  meters_per_second: "m/s",
  flag: "",
  unknown: "",
};

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** Whether values of a unit are told with k, M, G: they span many sizes and begin at zero. */
export function hasPrefix(unit: Unit): boolean {
  return unit === "bytes" || unit === "bytes_per_second" || unit === "hertz";
}

/** The symbol of a unit; empty for a plain number. */
export function unitSymbol(unit: Unit): string {
  return SYMBOLS[unit] ?? "";
}

/** A value in its unit, with a prefix for bytes and words for long times. */
export function formatValue(value: number | null | undefined, unit: Unit): Formatted {
  if (value == null || !Number.isFinite(value)) return { text: MISSING, unit: "" };
  switch (unit) {
    case "percent":
    case "celsius":
    case "hectopascal":
    case "grams_per_cubic_meter":
    case "millimeters":
    case "millimeters_per_hour":
    case "meters_per_second":
      return { text: fixed(value, 1), unit: unitSymbol(unit) };
    case "volts":
    case "amperes":
    case "watts":
      return { text: fixed(value, 3), unit: unitSymbol(unit) };
    case "lux":
    case "parts_per_million":
      return { text: grouped(value, 0), unit: unitSymbol(unit) };
    case "flag":
      return formatFlag(value);
    case "bytes":
    case "bytes_per_second":
    case "hertz":
      return prefixed(value, unitSymbol(unit));
    case "seconds":
      return value < 120 ? { text: fixed(value, 1), unit: "s" } : { text: formatDuration(value), unit: "" };
    default:
      return { text: Number.isInteger(value) ? grouped(value, 0) : significant(value), unit: "" };
  }
}

/** Yes or no; in between stands the share of the time that it was yes. */
function formatFlag(value: number): Formatted {
  if (value === 0) return { text: "no", unit: "" };
  if (value === 1) return { text: "yes", unit: "" };
  return { text: fixed(value * 100, 0), unit: "% yes" };
}

/** The same as one text that does not break, such as `21.4 °C`. */
export function formatText(value: number | null | undefined, unit: Unit): string {
  const { text, unit: symbol } = formatValue(value, unit);
  return symbol ? `${text}\u00a0${symbol}` : text;
}

/**
 * Values of one metric beside each other: all in one unit, by the largest of them, so that they compare.
 * Times stay plain seconds here, whole ones when they are many.
 */
export function formatRow(values: (number | undefined)[], unit: Unit): { texts: string[]; unit: string } {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const largest = Math.max(0, ...known.map(Math.abs));
  const step = hasPrefix(unit) ? prefixStep(largest) : 0;
  const whole =
    (hasPrefix(unit) && unit !== "bytes_per_second" && step === 0) ||
    (unit === "count" && known.every(Number.isInteger)) ||
    (unit === "seconds" && largest >= 1000);
  const text = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? MISSING : grouped(value / 1000 ** step, whole ? 0 : 2);
  return { texts: values.map(text), unit: `${PREFIXES[step]}${unitSymbol(unit)}` };
}

/** A duration in seconds by its two largest parts, such as `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(total / 86400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, name]) => `${amount} ${name}`)
    .join(" ");
}

function prefixed(value: number, symbol: string): Formatted {
  const step = prefixStep(Math.abs(value));
  return { text: fixed(value / 1000 ** step, step === 0 ? 0 : 1), unit: `${PREFIXES[step]}${symbol}` };
}

/** Which prefix: 999.95 would be shown as 1000.0, so the next one begins there. */
function prefixStep(size: number): number {
  const step = PREFIXES.findIndex((_, index) => size < 999.95 * 1000 ** index);
  return step < 0 ? PREFIXES.length - 1 : step;
}

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  // A small negative value would be shown as "-0.0".
  const shown = Number(text) === 0 ? text.replace("-", "") : text;
  return shown.replace("-", "\u2212");
}

function grouped(value: number, digits: number): string {
  const [whole = "", part] = fixed(value, digits).split(".");
  const spaced = whole.length < 5 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return part === undefined ? spaced : `${spaced}.${part}`;
}

function significant(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

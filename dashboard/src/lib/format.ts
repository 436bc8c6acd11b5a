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
  unknown: "",
};

const PREFIXES = ["", "k", "M", "G", "T", "P"];

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
      return { text: fixed(value, 1), unit: unitSymbol(unit) };
    case "bytes":
    case "bytes_per_second":
      return prefixed(value, unitSymbol(unit));
    case "seconds":
      return value < 120 ? { text: fixed(value, 1), unit: "s" } : { text: formatDuration(value), unit: "" };
    default:
      return { text: Number.isInteger(value) ? grouped(value) : significant(value), unit: "" };
  }
}

/** The same as one text, such as `21.4 °C`, for labels and tips. */
export function formatText(value: number | null | undefined, unit: Unit): string {
  const { text, unit: symbol } = formatValue(value, unit);
  return symbol ? `${text} ${symbol}` : text;
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
  let scaled = value;
  let step = 0;
  // 999.95 would be shown as 1000.0, so the next prefix begins there.
  while (Math.abs(scaled) >= 999.95 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  return { text: fixed(scaled, step === 0 ? 0 : 1), unit: `${PREFIXES[step]}${symbol}` };
}

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  // A small negative value would be shown as "-0.0".
  const shown = Number(text) === 0 ? text.replace("-", "") : text;
  return shown.replace("-", "\u2212");
}

function grouped(value: number): string {
  return value.toLocaleString("en", { useGrouping: Math.abs(value) >= 10_000 }).replace(/,/g, "\u202f");
}

function significant(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

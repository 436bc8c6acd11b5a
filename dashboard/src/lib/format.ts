// Figures for people. Base units come in; scale and prefix are chosen here, and never a false zero.
import type { Unit } from "../api/types";
import type { Settings } from "./settings";

/** How a reader wants figures. */
export interface Style extends Pick<Settings, "temperature" | "pressure"> {
  /** BCP 47 tag, which decides separators and the names of units of time. */
  locale: string;
  yes: string;
  no: string;
}

export interface Formatted {
  text: string;
  unit: string;
}

/** What stands in place of a value that is not there. */
export const MISSING = "–";

interface Scale {
  symbol: string;
  digits: number;
  factor: number;
  offset: number;
}

const plain = (symbol: string, digits = 1): Scale => ({ symbol, digits, factor: 1, offset: 0 });

const SCALES: Partial<Record<Unit, Scale>> = {
  percent: plain("%"),
  celsius: plain("°C"),
  hectopascal: plain("hPa"),
  bytes: plain("B"),
  bytes_per_second: plain("B/s"),
  seconds: plain("s"),
  hertz: plain("Hz"),
  volts: plain("V", 3),
  amperes: plain("A", 3),
  watts: plain("W", 3),
  lux: plain("lx", 0),
  parts_per_million: plain("ppm", 0),
  grams_per_cubic_meter: plain("g/m³"),
  millimeters: plain("mm"),
  millimeters_per_hour: plain("mm/h"),
  meters_per_second: plain("m/s"),
};

const FAHRENHEIT: Scale = { symbol: "°F", digits: 1, factor: 1.8, offset: 32 };
/** The conventional inch of mercury: 3386.389 Pa. */
const INCH_OF_MERCURY: Scale = { symbol: "inHg", digits: 2, factor: 1 / 33.86389, offset: 0 };

/** How values of a unit become those that the reader sees. */
export function scaleOf(unit: Unit, style: Style): Scale {
  if (unit === "celsius" && style.temperature === "fahrenheit") return FAHRENHEIT;
  if (unit === "hectopascal" && style.pressure === "inch_of_mercury") return INCH_OF_MERCURY;
  return SCALES[unit] ?? plain("");
}

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** Whether values of a unit are told with k, M, G: they span many sizes and begin at zero. */
export function hasPrefix(unit: Unit): boolean {
  return unit === "bytes" || unit === "bytes_per_second" || unit === "hertz";
}

/** A value in its unit, with a prefix for bytes and words for long times. */
export function formatValue(value: number | null | undefined, unit: Unit, style: Style): Formatted {
  if (value == null || !Number.isFinite(value)) return { text: MISSING, unit: "" };
  const { symbol, digits, factor, offset } = scaleOf(unit, style);
  if (unit === "flag") return formatFlag(value, style);
  if (hasPrefix(unit)) {
    const step = prefixStep(Math.abs(value));
    const text = number(value / 1000 ** step, step === 0 ? 0 : 1, style.locale);
    return { text, unit: PREFIXES[step] + symbol };
  }
  if (unit === "seconds" && value >= 120) return { text: formatDuration(value, style.locale), unit: "" };
  if (symbol !== "") return { text: number(value * factor + offset, digits, style.locale), unit: symbol };
  return {
    text: number(value, Number.isInteger(value) ? 0 : significantDigits(value), style.locale),
    unit: "",
  };
}

/** Yes or no; in between stands the share of the time that it was yes. */
function formatFlag(value: number, style: Style): Formatted {
  if (value === 0) return { text: style.no, unit: "" };
  if (value === 1) return { text: style.yes, unit: "" };
  return { text: number(value * 100, 0, style.locale), unit: `% ${style.yes}` };
}

/** The same as one text that does not break, such as `21.4 °C`. */
export function formatText(value: number | null | undefined, unit: Unit, style: Style): string {
  const { text, unit: symbol } = formatValue(value, unit, style);
  return symbol ? `${text}\u00a0${symbol}` : text;
}

/** A difference of two values of a unit, with its sign: 1 °C more is 1.8 °F more, not 33.8. */
export function formatChange(value: number | null | undefined, unit: Unit, style: Style): string {
  if (value == null || !Number.isFinite(value)) return MISSING;
  const { symbol, digits, factor } = scaleOf(unit, style);
  const step = hasPrefix(unit) ? prefixStep(Math.abs(value)) : 0;
  const shown = number((value * factor) / 1000 ** step, digits, style.locale);
  const sign = value > 0 && /[1-9]/.test(shown) ? "+" : "";
  return `${sign}${shown}${symbol ? `\u00a0${PREFIXES[step]}${symbol}` : ""}`;
}

/**
 * Values of one metric beside each other: all in one unit, by the largest of them, so that they compare.
 * Times stay plain seconds here, whole ones when they are many.
 */
export function formatRow(
  values: (number | undefined)[],
  unit: Unit,
  style: Style,
): { texts: string[]; unit: string } {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const largest = Math.max(0, ...known.map(Math.abs));
  if (unit === "flag") return { texts: values.map((value) => formatText(value, unit, style)), unit: "" };
  const { symbol, factor, offset } = scaleOf(unit, style);
  const step = hasPrefix(unit) ? prefixStep(largest) : 0;
  const whole =
    (hasPrefix(unit) && unit !== "bytes_per_second" && step === 0) ||
    (unit === "count" && known.every(Number.isInteger)) ||
    (unit === "seconds" && largest >= 1000);
  const text = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value)
      ? MISSING
      : number((value * factor + offset) / 1000 ** step, whole ? 0 : 2, style.locale);
  return { texts: values.map(text), unit: PREFIXES[step] + symbol };
}

/** A duration in seconds by its two largest parts, such as `3 days 4 hr`, in the words of the locale. */
export function formatDuration(seconds: number, locale: string): string {
  const total = Math.max(0, Math.floor(seconds));
  const parts: [number, TimeUnit][] = [
    [Math.floor(total / 86400), "day"],
    [Math.floor(total / 3600) % 24, "hour"],
    [Math.floor(total / 60) % 60, "minute"],
    [total % 60, "second"],
  ];
  const first = Math.max(
    0,
    parts.findIndex(([amount]) => amount > 0),
  );
  return (total === 0 ? parts.slice(3) : parts.slice(first, first + 2))
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, name]) => formatTime(amount, name, locale))
    .join(" ");
}

export type TimeUnit = "day" | "hour" | "minute" | "second";

/** A whole number of days, hours, minutes or seconds. */
export function formatTime(amount: number, unit: TimeUnit, locale: string): string {
  return formatter(locale, { style: "unit", unit, unitDisplay: "short" }).format(amount);
}

/** Which prefix: 999.95 would be shown as 1000.0, so the next one begins there. */
function prefixStep(size: number): number {
  const step = PREFIXES.findIndex((_, index) => size < 999.95 * 1000 ** index);
  return step < 0 ? PREFIXES.length - 1 : step;
}

/** Decimals that show four digits of a value. */
function significantDigits(value: number): number {
  return Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))));
}

/** A number with so many decimals. A value that rounds to zero carries no sign. */
export function number(value: number, digits: number, locale: string): string {
  return formatter(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: "negative",
    useGrouping: "min2",
  } as Intl.NumberFormatOptions)
    .format(value)
    .replace("-", "\u2212");
}

// To make a formatter is dear, and a fleet of a thousand shows many figures a second.
const formatters = new Map<string, Intl.NumberFormat>();

function formatter(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${options.unit} ${options.maximumFractionDigits}`;
  let made = formatters.get(key);
  if (!made) formatters.set(key, (made = new Intl.NumberFormat(locale, options)));
  return made;
}

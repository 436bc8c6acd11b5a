// Times for people. `now` is always the hub's clock: a browser's own may be wrong.
import { formatTime, type TimeUnit } from "./format";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How long ago, such as `12s ago`. A time a little ahead is `now`: messages overtake the clock. */
export function formatAgo(timeMs: number, nowMs: number, locale: string): string {
  const age = nowMs - timeMs;
  const [amount, unit] = age < 2 * SECOND ? ([0, "second"] as const) : largest(age);
  return relative(locale).format(-amount, unit);
}

/** A span in milliseconds by its largest part, such as `3 min`. */
export function formatAge(ms: number, locale: string): string {
  const [amount, unit] = largest(Math.max(0, ms));
  return formatTime(amount, unit, locale);
}

function largest(ms: number): [number, TimeUnit] {
  if (ms < MINUTE) return [Math.floor(ms / SECOND), "second"];
  if (ms < HOUR) return [Math.floor(ms / MINUTE), "minute"];
  if (ms < 2 * DAY) return [Math.floor(ms / HOUR), "hour"];
  return [Math.floor(ms / DAY), "day"];
}

/** The exact local time with its time zone, such as `21 Nov 2026, 14:03:09 GMT`. */
export function formatExact(timeMs: number, locale: string): string {
  return dates(locale, { ...DATE, ...CLOCK, timeZoneName: "short" }).format(timeMs);
}

/** The local time of day, with seconds unless told otherwise. */
export function formatClock(timeMs: number, locale: string, seconds = true): string {
  return dates(locale, seconds ? CLOCK : SHORT).format(timeMs);
}

/** The local day and time, without seconds. */
export function formatMoment(timeMs: number, locale: string): string {
  return dates(locale, { day: "numeric", month: "short", ...SHORT }).format(timeMs);
}

/** The local day. */
export function formatDay(timeMs: number, locale: string): string {
  return dates(locale, { day: "numeric", month: "short" }).format(timeMs);
}

/** The time of day when it is within the last 20 hours, otherwise with its date. */
export function formatSince(timeMs: number, nowMs: number, locale: string): string {
  return Math.abs(nowMs - timeMs) < 20 * HOUR ? formatClock(timeMs, locale) : formatMoment(timeMs, locale);
}

/** Local midnight before a time. */
export function startOfDay(timeMs: number): number {
  return new Date(timeMs).setHours(0, 0, 0, 0);
}

/** A time as `<input type=datetime-local>` wants it: local, to the minute. */
export function toLocalInput(timeMs: number): string {
  const t = new Date(timeMs);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  return `${day}T${two(t.getHours())}:${two(t.getMinutes())}`;
}

const DATE = { year: "numeric", month: "short", day: "numeric" } as const;
const SHORT = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const CLOCK = { ...SHORT, second: "2-digit" } as const;

// Like formatters of numbers, these are dear to make.
const made = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<string, Intl.RelativeTimeFormat>();

function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${Object.keys(options)}`;
  let format = made.get(key);
  if (!format) made.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

function relative(locale: string): Intl.RelativeTimeFormat {
  let format = relatives.get(locale);
  if (!format)
    relatives.set(
      locale,
      (format = new Intl.RelativeTimeFormat(locale, { style: "narrow", numeric: "auto" })),
    );
  return format;
}

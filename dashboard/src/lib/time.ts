// Times for people. `now` is always the hub's clock: a browser's own may be wrong.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, such as `12 s ago`. A time a little ahead is `just now`: messages overtake the clock. */
export function formatAgo(timeMs: number, nowMs: number): string {
  const age = nowMs - timeMs;
  return age < 2 * SECOND ? "just now" : `${formatAge(age)} ago`;
}

/** A span in milliseconds by its largest part, such as `3 min`. */
export function formatAge(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} days`;
}

/** The exact local time, such as `2026-11-21 14:03:09`. */
export function formatExact(timeMs: number): string {
  const t = new Date(timeMs);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${formatClock(timeMs)}`;
}

/** The local time of day, with seconds. */
export function formatClock(timeMs: number): string {
  const t = new Date(timeMs);
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** The time of day when it is within the last 20 hours, otherwise with its date. */
export function formatSince(timeMs: number, nowMs: number): string {
  return Math.abs(nowMs - timeMs) < 20 * HOUR ? formatClock(timeMs) : formatExact(timeMs).slice(0, 16);
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

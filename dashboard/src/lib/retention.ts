// What a shorter time of keeping history would delete.
import type { HubSettings, SettingsEvent } from "../api/types";

const DAY_MS = 86_400_000;

/** Days of history, begun ones counted whole, that are older than `days`; 0 is for ever. */
export function lostDays(oldestMs: number | null, days: number, nowMs: number): number {
  if (days === 0 || oldestMs === null) return 0;
  return Math.max(0, Math.ceil((nowMs - days * DAY_MS - oldestMs) / DAY_MS));
}

export type Kept = "minutes" | "hours";

/** Settings with the age of what is kept, as far as it is known. */
export function withOldest({ minutes, hours, bands }: SettingsEvent, aged: HubSettings | null): HubSettings {
  return {
    minutes: { ...minutes, oldest_ms: aged?.minutes.oldest_ms ?? null },
    hours: { ...hours, oldest_ms: aged?.hours.oldest_ms ?? null },
    bands,
  };
}

/** What of the two kinds of history a change deletes, in days; what is kept already no longer is not counted. */
export function losses(settings: HubSettings, wanted: Record<Kept, number>, nowMs: number): [Kept, number][] {
  return (["minutes", "hours"] as const).flatMap((kind): [Kept, number][] => {
    const { days: before, oldest_ms } = settings[kind];
    const after = wanted[kind];
    const lost = lostDays(oldest_ms, after, nowMs);
    return (before === 0 || after < before) && lost > 0 ? [[kind, lost]] : [];
  });
}

/** The days in a field: a whole number from 0 that the hub takes, or null. */
export function readDays(text: string): number | null {
  const days = Number(text);
  return /^\d+$/.test(text.trim()) && days <= 36_525 ? days : null;
}

import { expect, it } from "vitest";
import type { HubSettings } from "../api/types";
import { losses, lostDays, readDays, withOldest } from "./retention";

const DAY = 86_400_000;
const NOW = 1000 * DAY;
const settings: HubSettings = {
  minutes: { days: 30, source: "default", oldest_ms: NOW - 29.5 * DAY },
  hours: { days: 0, source: "chosen", oldest_ms: NOW - 400 * DAY },
  bands: { raised: 50, high: 75, mark: 90 },
};

it("counts the days that a shorter time deletes", () => {
  expect(lostDays(NOW - 29.5 * DAY, 7, NOW)).toBe(23);
  expect(lostDays(NOW - 5 * DAY, 7, NOW)).toBe(0);
  expect(lostDays(null, 7, NOW)).toBe(0);
  expect(losses(settings, { minutes: 7, hours: 365 }, NOW)).toEqual([
    ["minutes", 23],
    ["hours", 35],
  ]);
});

it("deletes nothing by keeping as long or longer", () => {
  expect(losses(settings, { minutes: 30, hours: 0 }, NOW)).toEqual([]);
  expect(losses(settings, { minutes: 0, hours: 0 }, NOW)).toEqual([]);
});

it("takes what is set from the stream and ages from the answer that has them", () => {
  const { bands } = settings;
  const said = {
    minutes: { days: 7, source: "chosen" },
    hours: { days: 90, source: "config" },
    bands,
  } as const;
  expect(withOldest(said, settings)).toEqual({
    minutes: { days: 7, source: "chosen", oldest_ms: NOW - 29.5 * DAY },
    hours: { days: 90, source: "config", oldest_ms: NOW - 400 * DAY },
    bands,
  });
  expect(withOldest(said, null).hours.oldest_ms).toBe(null);
  expect(withOldest(settings, settings)).toEqual(settings);
});

it("reads whole days only", () => {
  expect(["0", " 7 ", "36525"].map(readDays)).toEqual([0, 7, 36525]);
  expect(["", "-1", "1.5", "x", "36526"].map(readDays)).toEqual([null, null, null, null, null]);
});

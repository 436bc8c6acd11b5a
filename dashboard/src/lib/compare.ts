// Several devices side by side.
import type { DeviceView, History, MetricDescription } from "../api/types";
import { describe } from "./metrics";
import { statsOf, type Stats } from "./thin";

/** More lines nobody can tell apart. */
export const MOST_DEVICES = 20;

/** Metrics that any of some devices has, each once, in the order in which they are met. */
export function sharedMetrics(views: readonly DeviceView[]): MetricDescription[] {
  const found = new Map<string, MetricDescription>();
  for (const view of views)
    for (const metric of describe(view)) if (!found.has(metric.name)) found.set(metric.name, metric);
  return [...found.values()];
}

export interface Compared {
  device: string;
  /** Null when nothing is known of the time asked for. */
  stats: Stats | null;
}

/** One metric of several devices as a history of one, with a series for each device. */
export function sideBySide(histories: readonly History[]): History | null {
  const [first] = histories;
  if (!first) return null;
  const series = histories.map(({ device, series: [one] }) => ({
    metric: device,
    points: one?.points ?? [],
  }));
  return { ...first, series };
}

/** What can be said of each of them. */
export function compared(histories: readonly History[]): Compared[] {
  return histories.map(({ device, series: [one] }) => ({ device, stats: statsOf(one?.points ?? []) }));
}

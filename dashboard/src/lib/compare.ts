// Several devices side by side.
import type { Comparison, DeviceView, History, MetricDescription, Point } from "../api/types";
import { describe } from "./metrics";
import { statsOf, type Stats } from "./stats";

/** More lines nobody can tell apart. */
export const MOST_DEVICES = 20;

/** Metrics that any of some devices has, each once, in the order in which they are met. */
export function sharedMetrics(views: readonly DeviceView[]): MetricDescription[] {
  const found = new Map<string, MetricDescription>();
  for (const metric of views.flatMap(describe)) if (!found.has(metric.name)) found.set(metric.name, metric);
  return [...found.values()];
}

/** A comparison as a history with a series for each device; steps without figures are left out. */
export function asHistory({ devices, times_ms, ...rest }: Comparison): History {
  const series = devices.map(({ device, mean = [], min = [], max = [], count = [] }) => ({
    metric: device,
    points: times_ms.flatMap((time_ms, at): Point[] => {
      const [a, b, c, n] = [mean[at], min[at], max[at], count[at]];
      return a == null || b == null || c == null || n == null
        ? []
        : [{ time_ms, mean: a, min: b, max: c, count: n }];
    }),
  }));
  return { ...rest, device: "", series };
}

export interface Compared {
  device: string;
  /** Null when nothing is known of the time asked for. */
  stats: Stats | null;
}

/** What can be said of each device of such a history. */
export function compared(history: History | null): Compared[] {
  return (history?.series ?? []).map(({ metric, points }) => ({ device: metric, stats: statsOf(points) }));
}

// The weather of a device, sensor by sensor, as a page on the wall shows it.
import type { MetricDescription, Point } from "../api/types";
import { type WeatherKind, weatherMetrics } from "./metrics";
import { statsOf } from "./stats";

export interface Station {
  sensor: string;
  metrics: Partial<Record<WeatherKind, MetricDescription>>;
}

/** The sensors of a device that measure weather, each with the first metric of a kind. */
export function stationsOf(metrics: MetricDescription[]): Station[] {
  const stations = new Map<string, Station>();
  for (const { kind, metric } of weatherMetrics(metrics)) {
    const station = stations.get(metric.sensor) ?? { sensor: metric.sensor, metrics: {} };
    station.metrics[kind] ??= metric;
    stations.set(metric.sensor, station);
  }
  return [...stations.values()];
}

/** Lowest and highest reading since `fromMs`, with a reading of now that no stored minute has yet. */
export function extremesSince(points: readonly Point[], fromMs: number, now: number | null) {
  const stats = statsOf(points.filter(({ time_ms }) => time_ms > fromMs));
  const values = [stats?.min, stats?.max, now].filter((value): value is number => value != null);
  return values.length === 0 ? null : { min: Math.min(...values), max: Math.max(...values) };
}

// Which metrics a device has. Nothing is hard-coded but the places that the pages keep for some of them.
import type { DeviceView, MetricDescription, Unit } from "../api/types";

export const CPU = "cpu_percent";
export const MEMORY_USED = "memory_used_percent";
export const MEMORY_CACHE = "memory_cache_percent";
export const NETWORK_EGRESS = "network_egress_percent";
export const SOC_TEMPERATURE = "soc_temperature_celsius";

const SUFFIXES: Unit[] = [
  "bytes_per_second",
  "percent",
  "celsius",
  "hectopascal",
  "bytes",
  "seconds",
  "count",
  "hertz",
  "volts",
  "amperes",
  "watts",
  "lux",
  "parts_per_million",
  "grams_per_cubic_meter",
  "millimeters_per_hour",
  "millimeters",
  "meters_per_second",
  "flag",
];

/** What a device measures: as its birth says, then what its state carries unannounced. */
export function describe(view: DeviceView): MetricDescription[] {
  const known = view.birth?.metrics ?? [];
  const names = new Set(known.map((metric) => metric.name));
  const { now = {}, mean = {} } = view.state ?? {};
  const extra = [...new Set([...Object.keys(now), ...Object.keys(mean)])].filter((name) => !names.has(name));
  return [...known, ...extra.sort().map(guess)];
}

function guess(name: string): MetricDescription {
  const unit = SUFFIXES.find((suffix) => name.endsWith(`_${suffix}`)) ?? "unknown";
  return { name, unit, sensor: "", label: name, kind: "gauge" };
}

export interface CpuMetric {
  metric: MetricDescription;
  /** Number of the CPU, from 0. */
  index: number;
}

/** The metrics of single CPUs, by number: `cpu10` comes after `cpu9`. */
export function cpuMetrics(metrics: MetricDescription[]): CpuMetric[] {
  return metrics
    .flatMap((metric) => {
      const match = /^cpu(\d+)_percent$/.exec(metric.name);
      return match ? [{ metric, index: Number(match[1]) }] : [];
    })
    .sort((a, b) => a.index - b.index);
}

export type WeatherKind = "temperature" | "humidity" | "pressure";

const WEATHER: [WeatherKind, Unit][] = [
  ["temperature", "celsius"],
  ["humidity", "percent"],
  ["pressure", "hectopascal"],
];

export interface WeatherMetric {
  kind: WeatherKind;
  metric: MetricDescription;
}

/** The weather of all sensors: a sensor's instance name may come before `temperature_celsius` and the like. */
export function weatherMetrics(metrics: MetricDescription[]): WeatherMetric[] {
  return metrics.flatMap((metric) => {
    if (metric.name === SOC_TEMPERATURE) return [];
    const found = WEATHER.find(([kind, unit]) => {
      const plain = `${kind}_${unit}`;
      return metric.unit === unit && (metric.name === plain || metric.name.endsWith(`_${plain}`));
    });
    return found ? [{ kind: found[0], metric }] : [];
  });
}

/** The temperature that stands for a device: its first sensor's, or the processor's when it has no sensor. */
export function mainTemperature(metrics: MetricDescription[]): MetricDescription | undefined {
  const weather = weatherMetrics(metrics).find(({ kind }) => kind === "temperature");
  return weather?.metric ?? metrics.find((metric) => metric.name === SOC_TEMPERATURE);
}

export interface MetricGroup {
  key: string;
  label: string;
  unit: Unit;
  metrics: MetricDescription[];
}

/**
 * Metrics that share a chart: those of one sensor in one unit. Pressures have one each: at the sensor, at sea
 * level and as a tendency they are so far apart that none would be seen to move.
 */
export function groupMetrics(
  metrics: MetricDescription[],
  say: (label: string) => string = (label) => label,
): MetricGroup[] {
  const groups = new Map<string, MetricGroup>();
  for (const metric of metrics) {
    const key = metric.unit === "hectopascal" ? metric.name : `${metric.sensor}/${metric.unit}`;
    const group = groups.get(key);
    if (group) group.metrics.push(metric);
    else groups.set(key, { key, label: say(metric.label), unit: metric.unit, metrics: [metric] });
  }
  return [...groups.values()].map((group) =>
    group.metrics.length === 1 ? group : { ...group, label: groupLabel(group.metrics, say) },
  );
}

function groupLabel(metrics: MetricDescription[], say: (label: string) => string): string {
  const sensor = metrics[0]?.sensor ?? "";
  const names = metrics.map((metric) => say(metric.label));
  if (sensor === "") return names.join(", ");
  return names.length > 3
    ? say(`${sensor} (${names.length} metrics)`)
    : `${say(sensor)}: ${names.join(", ")}`;
}

/** Sensors that have a place of their own on a device's page. */
const PLACED = ["cpu", "memory", "power"];

/** What has no place of its own, by sensor. */
export function otherGroups(
  metrics: MetricDescription[],
): { sensor: string; metrics: MetricDescription[] }[] {
  const weather = new Set(weatherMetrics(metrics).map(({ metric }) => metric.name));
  const groups = new Map<string, MetricDescription[]>();
  for (const metric of metrics) {
    const placed =
      PLACED.includes(metric.sensor) || weather.has(metric.name) || metric.name === NETWORK_EGRESS;
    if (placed || metric.sensor === "") continue;
    const group = groups.get(metric.sensor);
    if (group) group.push(metric);
    else groups.set(metric.sensor, [metric]);
  }
  return [...groups].map(([sensor, those]) => ({ sensor, metrics: those }));
}

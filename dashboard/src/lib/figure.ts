// One figure of a device as it may be shown: a value, a fault in its place, or nothing.
import type { DeviceView, Fault, MetricDescription } from "../api/types";

export type Figure =
  { kind: "value"; value: number } | { kind: "fault"; fault: Fault; sensor: string } | { kind: "missing" };

/** The figure of a metric. A fault of its sensor wins over any value: such a value is not believed. */
export function figureOf(
  view: DeviceView,
  metric: Pick<MetricDescription, "name" | "sensor"> | undefined,
  which: "now" | "mean",
): Figure {
  if (metric === undefined || view.state == null) return { kind: "missing" };
  const fault = view.state.faults[metric.sensor];
  if (fault !== undefined) return { kind: "fault", fault, sensor: metric.sensor };
  const value = view.state[which][metric.name];
  return value === undefined ? { kind: "missing" } : { kind: "value", value };
}

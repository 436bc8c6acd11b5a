// Whether a device is there, as far as the hub can know.
import type { DeviceView } from "../api/types";

export type Presence = "online" | "silent" | "offline" | "unknown";

/** What is assumed of a device that did not say its interval yet. */
export const DEFAULT_INTERVAL_MS = 5000;

/** After so many intervals without a message an online device counts as silent. */
const SILENT_INTERVALS = 3;

/** Milliseconds between two states of a device. */
export function intervalOf(view: DeviceView): number {
  return view.birth?.interval_ms || DEFAULT_INTERVAL_MS;
}

/** `silent` is an online device of which nothing came for more than three intervals. */
export function presenceOf(view: DeviceView, nowMs: number): Presence {
  if (view.status !== "online") return view.status;
  // Before its first message an online device is measured from when it came online.
  const heard = view.last_heard_ms ?? view.status_since_ms;
  if (heard == null) return "online";
  return nowMs - heard > SILENT_INTERVALS * intervalOf(view) ? "silent" : "online";
}

/** Whether the values of a device are those of now. When not, they are shown as old, with their age. */
export function isFresh(view: DeviceView, nowMs: number): boolean {
  const received = view.state_received_ms;
  if (view.state == null || received == null || view.status === "offline") return false;
  return nowMs - received <= SILENT_INTERVALS * intervalOf(view);
}

export interface FleetCounts {
  total: number;
  online: number;
  silent: number;
  offline: number;
  unknown: number;
  faulty: number;
}

/** How many devices there are of each kind; a device with a fault is counted beside its presence. */
export function countFleet(views: Iterable<DeviceView>, nowMs: number): FleetCounts {
  const counts: FleetCounts = { total: 0, online: 0, silent: 0, offline: 0, unknown: 0, faulty: 0 };
  for (const view of views) {
    counts.total += 1;
    counts[presenceOf(view, nowMs)] += 1;
    if (view.status !== "offline" && Object.keys(view.state?.faults ?? {}).length > 0) counts.faulty += 1;
  }
  return counts;
}

// Devices for the unit tests of this folder.
import type { Birth, DeviceView, MetricDescription, State, Unit } from "../api/types";

export const T0 = 1_795_000_000_000;

const STAMP = { boot: "b1", monotonic_ms: 1, time_ms: T0, clock: "synchronized" } as const;

export function metric(name: string, unit: Unit, sensor: string): MetricDescription {
  return { name, unit, sensor, label: name, kind: "gauge" };
}

export function birth(metrics: MetricDescription[], interval_ms = 5000): Birth {
  return {
    ...STAMP,
    version: 1,
    machine_boot: "m1",
    agent_version: "0.1.0",
    hostname: "roof",
    os: "Debian 13",
    arch: "aarch64",
    interval_ms,
    window_ms: 60_000,
    metrics,
  };
}

export function state(parts: Partial<State> = {}): State {
  return { ...STAMP, version: 1, now: {}, mean: {}, faults: {}, dropped_count: 0, ...parts };
}

export function device(parts: Partial<DeviceView> = {}): DeviceView {
  return {
    id: "roof",
    status: "online",
    status_since_ms: T0,
    last_heard_ms: T0,
    birth: null,
    state: null,
    state_received_ms: null,
    labels: { name: null, tags: [], group: null },
    ...parts,
  };
}

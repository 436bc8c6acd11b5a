// How what the hub says changes what is known of a device.
import type { DeviceView, StateEvent } from "../api/types";

/** The device with a new state. The stream is in order, so its word stands whatever the times say. */
export function withState(view: DeviceView, event: StateEvent): DeviceView {
  return {
    ...view,
    state: event.state,
    state_received_ms: event.received_ms,
    last_heard_ms: latest(view.last_heard_ms, event.received_ms),
  };
}

/** What the stream has said of a device since a request was sent. */
export interface Told {
  /** A `device` event came: status, birth and all. */
  device: boolean;
  /** A `state` event came. */
  state: boolean;
}

/** The device after an answer to a request. Where the stream has spoken meanwhile, it knows better. */
export function withFetched(view: DeviceView | undefined, fetched: DeviceView, told: Told): DeviceView {
  if (view === undefined) return fetched;
  const values = told.device || told.state ? view : fetched;
  return {
    ...(told.device ? view : fetched),
    state: values.state,
    state_received_ms: values.state_received_ms,
    last_heard_ms: latest(view.last_heard_ms, fetched.last_heard_ms),
  };
}

function latest(a: number | null | undefined, b: number | null | undefined): number | null {
  return a == null ? (b ?? null) : b == null ? a : Math.max(a, b);
}

/** Ids in the order that people count: `pump-2` before `pump-10`. */
export const byId = new Intl.Collator("en", { numeric: true }).compare;

// How what the hub says changes what is known of a device.
import type { DeviceView, StateEvent } from "../api/types";

/** The device with a newer state. A state that is older than the one held changes nothing. */
export function withState(view: DeviceView, event: StateEvent): DeviceView {
  if ((view.state_received_ms ?? -Infinity) > event.received_ms) return view;
  return {
    ...view,
    state: event.state,
    state_received_ms: event.received_ms,
    last_heard_ms: latest(view.last_heard_ms, event.received_ms),
  };
}

/**
 * The device after an answer to a request, which may be older than what the stream has said since it was
 * asked: `told` is whether a `device` event came in between; such an event knows the status better.
 */
export function withFetched(view: DeviceView | undefined, fetched: DeviceView, told: boolean): DeviceView {
  if (view === undefined) return fetched;
  const base = told ? view : fetched;
  const values =
    (view.state_received_ms ?? -Infinity) > (fetched.state_received_ms ?? -Infinity) ? view : fetched;
  return {
    ...base,
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

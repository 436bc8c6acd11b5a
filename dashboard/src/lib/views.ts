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

// Ten thousand names are put in order once a second: a collator would take a tenth of that second, so each name is made
// once into a text that compares as people count.
const orders = new Map<string, string>();
/** Far more names than a hub has devices; beyond it some are of devices long gone. */
const MOST_ORDERS = 100_000;

function orderOf(name: string): string {
  let order = orders.get(name);
  if (order === undefined) {
    if (orders.size >= MOST_ORDERS) orders.clear();
    const letters = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    order = letters.replace(/\d+/g, (digits) => digits.padStart(16, "0"));
    orders.set(name, order);
  }
  return order;
}

/** Names and ids in the order that people count: `pump-2` before `pump-10`, whatever the case and accents. */
export function byId(a: string, b: string): number {
  if (a === b) return 0;
  const [first, second] = [orderOf(a), orderOf(b)];
  return first < second || (first === second && a < b) ? -1 : 1;
}

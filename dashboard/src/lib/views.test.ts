import { expect, it } from "vitest";
import { device, state, T0 } from "./sample";
import { byId, withFetched, withState } from "./views";

const OLD = state({ now: { a: 1 } });
const NEW = state({ now: { a: 2 } });

it("takes a newer state and never an older one", () => {
  const view = device({ state: NEW, state_received_ms: T0 + 10 });
  expect(withState(view, { device: "roof", received_ms: T0 + 5, state: OLD })).toBe(view);
  const next = withState(view, { device: "roof", received_ms: T0 + 20, state: OLD });
  expect(next).toMatchObject({
    state: OLD,
    state_received_ms: T0 + 20,
    last_heard_ms: T0 + 20,
    status: "online",
  });
});

it("a state says nothing about the status, which has its own topic", () => {
  const view = withState(device({ status: "offline" }), { device: "roof", received_ms: T0, state: NEW });
  expect(view.status).toBe("offline");
});

it("an answer heals a status that was missed, but keeps a state that overtook it", () => {
  const held = device({ state: NEW, state_received_ms: T0 + 10, last_heard_ms: T0 + 10 });
  const fetched = device({ status: "offline", state: OLD, state_received_ms: T0 + 5, last_heard_ms: T0 + 5 });
  expect(withFetched(held, fetched, false)).toMatchObject({
    status: "offline",
    state: NEW,
    state_received_ms: T0 + 10,
    last_heard_ms: T0 + 10,
  });
});

it("an answer does not undo a status that came while it was under way", () => {
  const held = device({ status: "offline", status_since_ms: T0 + 10 });
  const fetched = device({ state: OLD, state_received_ms: T0 + 5 });
  expect(withFetched(held, fetched, true)).toMatchObject({ status: "offline", state: OLD });
  expect(withFetched(undefined, fetched, false)).toBe(fetched);
});

it("orders ids as people count", () => {
  expect(["pump-10", "attic", "pump-2"].sort(byId)).toEqual(["attic", "pump-2", "pump-10"]);
});

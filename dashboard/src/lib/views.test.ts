import { expect, it } from "vitest";
import { device, state, T0 } from "./sample";
import { byId, withFetched, withState } from "./views";

const OLD = state({ now: { a: 1 } });
const NEW = state({ now: { a: 2 } });

it("takes every state that the stream brings, also one of unknown age", () => {
  const view = device({ state: OLD, state_received_ms: T0 + 10 });
  const next = withState(view, { device: "roof", received_ms: T0 + 20, state: NEW });
  expect(next).toMatchObject({
    state: NEW,
    state_received_ms: T0 + 20,
    last_heard_ms: T0 + 20,
    status: "online",
  });
  const kept = withState(view, { device: "roof", received_ms: null, state: NEW });
  expect(kept).toMatchObject({ state: NEW, state_received_ms: null, last_heard_ms: T0 });
});

it("a state says nothing about the status, which has its own topic", () => {
  const view = withState(device({ status: "offline" }), { device: "roof", received_ms: T0, state: NEW });
  expect(view.status).toBe("offline");
});

it("an answer heals what was missed", () => {
  const held = device({ state: OLD, state_received_ms: T0 });
  const fetched = device({ status: "offline", state: NEW, state_received_ms: T0 + 5 });
  expect(withFetched(held, fetched, { device: false, state: false })).toEqual(fetched);
  expect(withFetched(undefined, fetched, { device: false, state: false })).toBe(fetched);
});

it("an answer keeps a state that overtook it, but not the status beside it", () => {
  const held = device({ state: NEW, state_received_ms: T0 + 10, last_heard_ms: T0 + 10 });
  const fetched = device({ status: "offline", state: OLD, state_received_ms: T0 + 5, last_heard_ms: T0 + 5 });
  expect(withFetched(held, fetched, { device: false, state: true })).toMatchObject({
    status: "offline",
    state: NEW,
    state_received_ms: T0 + 10,
    last_heard_ms: T0 + 10,
  });
});

it("an answer does not undo a status that came while it was under way", () => {
  const held = device({ status: "offline", status_since_ms: T0 + 10, state: NEW });
  const fetched = device({ state: OLD, state_received_ms: T0 + 5 });
  expect(withFetched(held, fetched, { device: true, state: false })).toMatchObject({
    status: "offline",
    state: NEW,
  });
});

it("orders ids as people count", () => {
  expect(["pump-10", "attic", "pump-2"].sort(byId)).toEqual(["attic", "pump-2", "pump-10"]);
});

it("orders names as people count, whatever the case and accents", () => {
  const names = ["pump-10", "Zeder", "äpfel", "pump-2", "Pump-2", "b", "pump-1.10", "pump-1.9"];
  expect(names.sort(byId)).toEqual([
    "äpfel",
    "b",
    "pump-1.9",
    "pump-1.10",
    "Pump-2",
    "pump-2",
    "pump-10",
    "Zeder",
  ]);
  expect(byId("a", "a")).toBe(0);
});

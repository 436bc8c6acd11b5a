import { beforeEach, expect, it } from "vitest";
import { Mirror } from "./mirror";
import { device, state, T0 } from "./sample";

let mirror: Mirror;
const roof = device({ id: "roof" });
const pump = device({ id: "pump-10" });
beforeEach(() => {
  mirror = new Mirror();
  mirror.device(roof);
  mirror.device(pump);
  mirror.takeChanged();
});

it("tells each changed device once, however often it spoke", () => {
  const event = { device: "roof", received_ms: T0 + 1, state: state() };
  expect(mirror.state(event)).toBe(true);
  expect(mirror.state({ ...event, received_ms: T0 + 2 })).toBe(true);
  expect([...mirror.takeChanged()]).toEqual(["roof"]);
  expect(mirror.takeChanged().size).toBe(0);
  expect(mirror.devices.get("roof")?.state_received_ms).toBe(T0 + 2);
});

it("does not invent a device of which only a state came", () => {
  expect(mirror.state({ device: "new", received_ms: T0, state: state() })).toBe(false);
  expect(mirror.devices.has("new")).toBe(false);
});

it("keeps the list of ids until a device comes or goes", () => {
  const ids = mirror.ids();
  mirror.device({ ...roof, status: "offline" });
  expect(mirror.ids()).toBe(ids);
  mirror.device(device({ id: "pump-2" }));
  expect(mirror.ids()).toEqual(["pump-2", "pump-10", "roof"]);
});

it("forgets a device, and tells that it changed", () => {
  mirror.remove("pump-10");
  mirror.remove("nobody");
  expect(mirror.ids()).toEqual(["roof"]);
  expect(mirror.takeChanged()).toEqual(new Set(["pump-10"]));
});

it("drops what a new stream no longer lists, and only then", () => {
  mirror.opened();
  mirror.device(roof);
  expect(mirror.ids()).toContain("pump-10");
  expect(mirror.listed()).toBe(true);
  expect(mirror.ids()).toEqual(["roof"]);
  expect(mirror.takeChanged()).toEqual(new Set(["roof", "pump-10"]));
  expect(mirror.listed()).toBe(false);
});

it("drops what an answer no longer names, but not what the stream named meanwhile", () => {
  mirror.asking();
  mirror.device(device({ id: "young" }));
  mirror.device({ ...roof, status: "offline" });
  mirror.answered([roof]);
  expect(mirror.ids()).toEqual(["roof", "young"]);
  expect(mirror.devices.get("roof")?.status).toBe("offline");
});

import { describe, expect, it } from "vitest";
import { countFleet, isFresh, presenceOf } from "./presence";
import { birth, device, state, T0 } from "./sample";

describe("presence", () => {
  it("takes the status, and tells silence from presence after three intervals", () => {
    const online = device({ birth: birth([], 2000) });
    expect(presenceOf(online, T0 + 6000)).toBe("online");
    expect(presenceOf(online, T0 + 6001)).toBe("silent");
    expect(presenceOf(device({ status: "offline" }), T0)).toBe("offline");
    expect(presenceOf(device({ status: "unknown" }), T0 + 60_000)).toBe("unknown");
  });

  it("measures a device that never spoke from when it came online", () => {
    const mute = device({ last_heard_ms: null });
    expect(presenceOf(mute, T0 + 15_000)).toBe("online");
    expect(presenceOf(mute, T0 + 15_001)).toBe("silent");
  });
});

describe("freshness", () => {
  const view = device({ state: state(), state_received_ms: T0 });

  it("ends with the third missed state", () => {
    expect(isFresh(view, T0 + 15_000)).toBe(true);
    expect(isFresh(view, T0 + 15_001)).toBe(false);
  });

  it("ends at once when the device is offline, and never begins without a state", () => {
    expect(isFresh({ ...view, status: "offline" }, T0)).toBe(false);
    expect(isFresh(device(), T0)).toBe(false);
  });
});

it("counts a fleet, and faults only of devices that are there", () => {
  const faulty = { state: state({ faults: { bme280: "stuck" } }) };
  const fleet = [
    device(faulty),
    device({ ...faulty, status: "offline" }),
    device({ last_heard_ms: T0 - 60_000 }),
  ];
  expect(countFleet(fleet, T0)).toEqual({
    total: 3,
    online: 1,
    silent: 1,
    offline: 1,
    unknown: 0,
    faulty: 1,
  });
});

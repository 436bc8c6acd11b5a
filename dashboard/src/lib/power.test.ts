import { expect, it } from "vitest";
import { powerOf } from "./power";
import { device, state } from "./sample";

const told = (now: Record<string, number>) => powerOf(device({ state: state({ now }) }));

it("tells what is wrong now, what was since the start, and that all is well", () => {
  expect(told({ power_undervoltage_flag: 0 })?.verdict).toBe("well");
  expect(told({ power_undervoltage_flag: 0, power_undervoltage_since_boot_flag: 1 })).toEqual({
    verdict: "was",
    now: [],
    was: ["undervoltage"],
  });
  expect(told({ power_throttled_flag: 1, power_throttled_since_boot_flag: 1 })?.verdict).toBe("now");
});

it("says nothing of a device that does not tell, or whose power sensor is in fault", () => {
  expect(told({ cpu_percent: 3 })).toBeNull();
  expect(powerOf(device())).toBeNull();
  const faulty = state({ now: { power_throttled_flag: 1 }, faults: { power: "no_answer" } });
  expect(powerOf(device({ state: faulty }))).toBeNull();
});

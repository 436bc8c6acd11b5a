// What the firmware of a Pi says of its supply, as one verdict.
import type { DeviceView } from "../api/types";

export const CONDITIONS = [
  "undervoltage",
  "throttled",
  "frequency_capped",
  "soft_temperature_limit",
] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface Power {
  /** `now`: something is wrong at this moment; `was`: since the start it was; `well`: neither. */
  verdict: "well" | "was" | "now";
  now: Condition[];
  was: Condition[];
}

/** The verdict of a device; null when it tells nothing of its power, or is in doubt about it. */
export function powerOf({ state }: Pick<DeviceView, "state">): Power | null {
  if (!state || "power" in state.faults) return null;
  const has = (name: string) => state.now[name] !== undefined;
  if (!CONDITIONS.some((condition) => has(`power_${condition}_flag`))) return null;
  const now = CONDITIONS.filter((condition) => state.now[`power_${condition}_flag`] === 1);
  const was = CONDITIONS.filter((condition) => state.now[`power_${condition}_since_boot_flag`] === 1);
  return { verdict: now.length > 0 ? "now" : was.length > 0 ? "was" : "well", now, was };
}

// Faults of sensors, in the words of the contract.
import type { Fault } from "../api/types";

const KNOWN = ["absent", "no_answer", "stuck", "out_of_range", "skipped", "wrong_chip"] as const;

export type FaultName = (typeof KNOWN)[number] | "unknown";

/** The name by which a fault has its words; one of a newer agent is `unknown`. */
export function faultName(fault: Fault): FaultName {
  return (KNOWN as readonly string[]).includes(fault) ? (fault as FaultName) : "unknown";
}

/** Every sensor in fault with its fault, by sensor. */
export function faultList(faults: Record<string, Fault> | undefined): [string, FaultName][] {
  return Object.entries(faults ?? {})
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([sensor, fault]) => [sensor, faultName(fault)]);
}

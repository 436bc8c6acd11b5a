// Faults in plain words.
import type { Fault } from "../api/types";

const WORDS: Record<Fault, string> = {
  absent: "absent",
  no_answer: "no answer",
  stuck: "stuck",
  out_of_range: "out of range",
  skipped: "skipped",
  wrong_chip: "wrong chip",
  unknown: "unknown fault",
};

const HELP: Record<Fault, string> = {
  absent: "Nothing is found at its bus or address. Check the wiring and the agent's configuration.",
  no_answer: "It is there but did not answer in time. Check the cable and its supply.",
  stuck: "Its figures no longer change, so they are not believed.",
  out_of_range: "It reports figures that cannot be, so they are not believed.",
  skipped: "It answered without having measured.",
  wrong_chip: "A different chip answers at its address.",
  unknown: "A newer agent reports a fault that this hub does not know. Update the hub.",
};

/** The word of the contract for a fault. */
export function faultWord(fault: Fault): string {
  return WORDS[fault] ?? WORDS.unknown;
}

/** What a fault means and what helps. */
export function faultHelp(fault: Fault): string {
  return HELP[fault] ?? HELP.unknown;
}

/** Every fault as one line, such as `outdoor: no answer`, by sensor. */
export function faultLines(faults: Record<string, Fault> | undefined): string[] {
  return Object.entries(faults ?? {})
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([sensor, fault]) => `${sensor}: ${faultWord(fault)}`);
}

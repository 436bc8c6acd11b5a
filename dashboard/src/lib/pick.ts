// Choosing a device by typing: by its name, by its id, or by a part of either.
import type { DeviceView } from "../api/types";
import { fullName } from "./labels";

export interface Offer {
  id: string;
  /** What stands in the field when it is chosen; no two devices share one. */
  text: string;
}

/** The devices that fit what was typed and are not chosen already, in the order of `ids`, `most` at most. */
export function offersOf(
  ids: readonly string[],
  devices: ReadonlyMap<string, Pick<DeviceView, "id" | "labels">>,
  chosen: readonly string[],
  typed: string,
  most: number,
): Offer[] {
  const wanted = typed.trim().toLowerCase();
  const offers: Offer[] = [];
  for (const id of ids) {
    const device = devices.get(id);
    if (!device || chosen.includes(id)) continue;
    const text = fullName(device);
    if (text.toLowerCase().includes(wanted)) offers.push({ id, text });
    if (offers.length === most) break;
  }
  return offers;
}

/** The one device that is meant: the only one that fits, or the one whose id, name or whole text was typed. */
export function meant(
  offers: readonly Offer[],
  typed: string,
  nameOf: (id: string) => string,
): Offer | undefined {
  if (offers.length === 1) return offers[0];
  const exact = offers.find(({ id, text }) => id === typed || text === typed);
  const named = offers.filter(({ id }) => nameOf(id) === typed);
  return exact ?? (named.length === 1 ? named[0] : undefined);
}

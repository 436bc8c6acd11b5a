// What people say of devices: names, tags, groups.
import type { DeviceView } from "../api/types";

/** What a device is called: as people named it, or its id. */
export function nameOf({ id, labels }: Pick<DeviceView, "id" | "labels">): string {
  return labels.name ?? id;
}

/** Name and id of a device: what no other one is called. */
export function fullName(device: Pick<DeviceView, "id" | "labels">): string {
  const { id, labels } = device;
  return labels.name === null ? id : `${labels.name} (${id})`;
}

/** The tags in a text with commas between them. */
export function readTags(text: string): string[] {
  return text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
}

/** Stands before the name of a group in a list of ids: no id has it in it. */
const HEAD = "\n";

/** The entry of a list that is the head of a group; the group of those that are in none is empty. */
export function headOf(group: string): string {
  return HEAD + group;
}

/** The group whose head an entry is; null when it is a device. */
export function groupOf(entry: string): string | null {
  return entry.startsWith(HEAD) ? entry.slice(HEAD.length) : null;
}

// The two pages and their addresses behind the `#`.

export type Route = { page: "fleet" } | { page: "device"; id: string };

/** The page of an address; anything unknown is the fleet. */
export function parseRoute(hash: string): Route {
  const match = /^#\/devices\/([^/?#]+)$/.exec(hash);
  return match?.[1] ? { page: "device", id: decode(match[1]) } : { page: "fleet" };
}

/** The address of a device's page. */
export function deviceHref(id: string): string {
  return `#/devices/${encodeURIComponent(id)}`;
}

export const FLEET_HREF = "#/";

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The pages and their addresses behind the `#`, with what they are asked for behind a `?`.

export type PageName = "fleet" | "device" | "compare" | "weather" | "settings";

export interface Route {
  page: PageName;
  /** The device, on pages of one. */
  id: string;
  query: URLSearchParams;
}

const PAGES: readonly string[] = ["compare", "weather", "settings"] satisfies PageName[];

/** The page of an address; anything unknown is the fleet. */
export function parseRoute(hash: string): Route {
  const [path = "", asked] = hash.replace(/^#\/?/, "").split("?", 2);
  const query = new URLSearchParams(asked);
  const [first = "", second = "", ...rest] = path.split("/");
  if (rest.length === 0) {
    if (first === "devices" && second) return { page: "device", id: decode(second), query };
    if (first === "weather" && second) return { page: "weather", id: decode(second), query };
    if (PAGES.includes(first) && !second) return { page: first as PageName, id: "", query };
  }
  return { page: "fleet", id: "", query };
}

/** The address of a page that is of no one device. */
export function pageHref(page: Exclude<PageName, "device">, query?: Record<string, string>): string {
  const asked = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== ""));
  const text = asked.toString();
  return `#/${page === "fleet" ? "" : page}${text && `?${text}`}`;
}

/** The address of a device's page. */
export function deviceHref(id: string): string {
  return `#/devices/${encodeURIComponent(id)}`;
}

/** The address of a device's weather. */
export function weatherHref(id: string): string {
  return `#/weather/${encodeURIComponent(id)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The requests that the panel makes. Addresses are relative, so they also work below a path of a proxy.
import { problemText } from "./problem";
import type { DeviceList, History } from "./types";

const BASE = "api/v1";

/** A request that gave no answer that can be used. `status` is 0 when the hub did not answer at all. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "RequestError";
    this.status = status;
  }
}

/** All devices. Throws a RequestError. */
export function fetchDevices(): Promise<DeviceList> {
  return get<DeviceList>(`${BASE}/devices`);
}

/** The hub takes no more metrics in one request. */
const MOST_METRICS = 20;

/** The stored minutes of some metrics, at least one, of a device. Throws a RequestError. */
export async function fetchHistory(
  device: string,
  metrics: string[],
  fromMs: number,
  toMs: number,
): Promise<History> {
  const answer = await fetchSome(device, metrics.slice(0, MOST_METRICS), fromMs, toMs);
  const rest = metrics.slice(MOST_METRICS);
  if (rest.length === 0) return answer;
  const more = await fetchHistory(device, rest, fromMs, toMs);
  return { ...answer, series: [...answer.series, ...more.series] };
}

function fetchSome(device: string, metrics: string[], fromMs: number, toMs: number): Promise<History> {
  const query = new URLSearchParams(metrics.map((metric) => ["metric", metric]));
  query.set("from_ms", String(Math.round(fromMs)));
  query.set("to_ms", String(Math.round(toMs)));
  return get<History>(`${BASE}/devices/${encodeURIComponent(device)}/history?${query}`);
}

/** The address of the live stream. */
export const STREAM_URL = `${BASE}/stream`;

/** A hub that accepts a connection but never answers must not hold a page for ever. */
const TIMEOUT_MS = 10_000;

async function get<T>(url: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new RequestError(0, "The hub does not answer.");
  }
  if (!response.ok) {
    const said: unknown = await response.json().catch(() => null);
    throw new RequestError(response.status, problemText(response.status, response.statusText, said));
  }
  try {
    return (await response.json()) as T;
  } catch {
    throw new RequestError(
      response.status,
      `The answer to ${url} is no JSON: is this address an Edgewise hub?`,
    );
  }
}

// The requests that the panel makes. Addresses are relative, so they also work below a path of a proxy.
import { problemText } from "./problem";
import { type Piece, pieces } from "../lib/pieces";
import type { DeviceList, History, Ledger } from "./types";

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

/** The loss ledger of a device. Throws a RequestError. */
export function fetchLedger(device: string): Promise<Ledger> {
  return get<Ledger>(`${BASE}/devices/${encodeURIComponent(device)}/ledger`);
}

/** The stored minutes of some metrics of a device. Throws a RequestError. */
export async function fetchHistory(
  device: string,
  metrics: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<History> {
  const asked = pieces(metrics, Math.round(fromMs), Math.round(toMs));
  const answers = await Promise.all(asked.map((piece) => fetchPiece(device, piece)));
  const points = (metric: string) =>
    answers.flatMap(({ series }) => series.find((one) => one.metric === metric)?.points ?? []);
  const series = metrics.map((metric) => ({ metric, points: points(metric) }));
  return { device, from_ms: fromMs, to_ms: toMs, series };
}

function fetchPiece(device: string, { metrics, fromMs, toMs }: Piece): Promise<History> {
  const query = new URLSearchParams(metrics.map((metric) => ["metric", metric]));
  query.set("from_ms", String(fromMs));
  query.set("to_ms", String(toMs));
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

// The requests that the panel makes. Addresses are relative, so they also work below a path of a proxy.
import { type Trouble, troubleOf } from "./problem";
import type {
  Comparison,
  DeviceList,
  EventsView,
  History,
  HubSettings,
  Labels,
  LabelsChange,
  Ledger,
  Report,
  SettingsChange,
} from "./types";

const BASE = "api/v1";

/** A request that gave no answer that can be used. */
export class RequestError extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.code);
    this.trouble = trouble;
  }
}

/** All devices. Throws a RequestError. */
export function fetchDevices(): Promise<DeviceList> {
  return get<DeviceList>(`${BASE}/devices`, { signal: AbortSignal.timeout(LIST_TIMEOUT_MS) });
}

/** Whether the hub does all of its work. Throws a RequestError; one of status 503 says what it does not. */
export async function fetchReady(): Promise<void> {
  // Read to its end, or the browser takes it for still under way.
  await (await ask("readyz")).text();
}

/** The loss ledger of a device. Throws a RequestError. */
export function fetchLedger(device: string): Promise<Ledger> {
  return get<Ledger>(`${deviceUrl(device)}/ledger`);
}

/** What happened to a device, newest first: of a kind, or of any when it is empty; after a cursor, if there is one.
 * Throws a RequestError. */
export function fetchEvents(device: string, limit: number, kind = "", cursor = ""): Promise<EventsView> {
  const query = new URLSearchParams({ device, limit: String(limit) });
  if (kind) query.set("kind", kind);
  if (cursor) query.set("cursor", cursor);
  return get<EventsView>(`${BASE}/events?${query}`);
}

/** Has the hub forget a device. Throws a RequestError. */
export async function forgetDevice(device: string): Promise<void> {
  await ask(deviceUrl(device), { method: "DELETE" });
}

/** Changes what people say of a device. Throws a RequestError. */
export function changeLabels(device: string, change: LabelsChange): Promise<Labels> {
  return patch<Labels>(`${deviceUrl(device)}/labels`, change);
}

const SETTINGS = `${BASE}/settings`;

/** What is set for the hub. Throws a RequestError. */
export function fetchSettings(): Promise<HubSettings> {
  return get<HubSettings>(SETTINGS);
}

/** Changes what is set for the hub. Throws a RequestError. */
export function changeSettings(change: SettingsChange): Promise<HubSettings> {
  return patch<HubSettings>(SETTINGS, change);
}

export interface Span {
  fromMs: number;
  toMs: number;
  /** Most points of one metric; the hub then folds minutes together. */
  maxPoints: number;
}

/** The hub takes no more metrics in one request. */
const MOST_METRICS = 20;
/** Figures of a point; the panel's type `Point` has just these. */
const FIGURES = "mean,min,max,count";

/** The history of some metrics of a device, in their order. Throws a RequestError. */
export async function fetchHistory(device: string, metrics: readonly string[], span: Span): Promise<History> {
  const query = spanQuery(span);
  query.set("aggregate", FIGURES);
  for (const metric of metrics.slice(0, MOST_METRICS)) query.append("metric", metric);
  const answer = await get<History>(`${deviceUrl(device)}/history?${query}`);
  const rest = metrics.slice(MOST_METRICS);
  if (rest.length === 0) return answer;
  const more = await fetchHistory(device, rest, span);
  return { ...answer, series: [...answer.series, ...more.series] };
}

/** One metric of several devices on the same steps. Throws a RequestError. */
export function fetchComparison(devices: readonly string[], metric: string, span: Span): Promise<Comparison> {
  const query = spanQuery(span);
  query.set("metric", metric);
  query.set("devices", devices.join(","));
  return get<Comparison>(`${BASE}/compare?${query}`);
}

/** What can be said of a span of one metric, and of the one before it. Throws a RequestError. */
export function fetchReport(device: string, metric: string, span: Span, bands: string): Promise<Report> {
  const query = spanQuery(span);
  query.set("metric", metric);
  query.set("bands", bands);
  return get<Report>(`${deviceUrl(device)}/report?${query}`);
}

function deviceUrl(device: string): string {
  return `${BASE}/devices/${encodeURIComponent(device)}`;
}

function spanQuery({ fromMs, toMs, maxPoints }: Span): URLSearchParams {
  const whole = { from_ms: Math.round(fromMs), to_ms: Math.round(toMs), max_points: maxPoints };
  return new URLSearchParams(Object.entries(whole).map(([key, value]) => [key, String(value)]));
}

/** The address of the live stream. */
export const STREAM_URL = `${BASE}/stream`;

/** Ten thousand devices are tens of megabytes. */
const LIST_TIMEOUT_MS = 60_000;
/** A hub that accepts a connection but never answers must not hold a page for ever. */
const TIMEOUT_MS = 10_000;

function patch<T>(url: string, change: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  return get<T>(url, { method: "PATCH", headers, body: JSON.stringify(change) });
}

async function ask(url: string, how?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...how });
  } catch {
    throw new RequestError({ code: "no_answer", values: {} });
  }
  if (!response.ok) {
    const said: unknown = await response.json().catch(() => null);
    throw new RequestError(troubleOf(response.status, response.statusText, said));
  }
  return response;
}

async function get<T>(url: string, how?: RequestInit): Promise<T> {
  const response = await ask(url, how);
  try {
    return (await response.json()) as T;
  } catch {
    throw new RequestError({ code: "no_json", values: { url } });
  }
}

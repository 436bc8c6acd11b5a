// Short names for the types generated from the hub's OpenAPI document. The rest of the panel uses only these.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Birth = Schemas["Birth"];
export type DeviceList = Schemas["DeviceList"];
export type DeviceView = Schemas["DeviceView"];
export type EventKind = Schemas["EventKind"];
export type EventView = Schemas["EventView"];
export type EventsView = Schemas["EventsView"];
export type Fault = Schemas["Fault"];
export type ForgottenEvent = Schemas["ForgottenEvent"];
export type MetricDescription = Schemas["MetricDescription"];
export type Ledger = Schemas["LedgerView"];
export type PingEvent = Schemas["PingEvent"];
export type State = Schemas["State"];
export type SettingsEvent = Schemas["SettingsEvent"];
export type StateEvent = Schemas["StateEvent"];
export type Unit = Schemas["Unit"];
export type Comparison = Schemas["CompareView"];
export type HubSettings = Schemas["SettingsView"];
export type Labels = Schemas["Labels"];
export type Report = Schemas["ReportView"];

export type LabelsChange = Schemas["LabelsChange"];
export type SettingsChange = Partial<Schemas["SettingsChange"]>;

type PointView = Schemas["PointView"];
/** A point with the figures that the panel always asks for. */
export type Point = Required<Pick<PointView, "time_ms" | "mean" | "min" | "max" | "count">> &
  Pick<PointView, "timed_by_hub">;

/** A history whose points have all those figures. */
export interface History extends Omit<Schemas["HistoryView"], "series"> {
  series: { metric: string; points: Point[] }[];
}

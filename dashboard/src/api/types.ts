// Short names for the types generated from the hub's OpenAPI document. The rest of the panel uses only these.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Birth = Schemas["Birth"];
export type DeviceList = Schemas["DeviceList"];
export type DeviceView = Schemas["DeviceView"];
export type Fault = Schemas["Fault"];
export type History = Schemas["HistoryView"];
export type MetricDescription = Schemas["MetricDescription"];
export type Ledger = Schemas["LedgerView"];
export type Point = Schemas["Point"];
export type PingEvent = Schemas["PingEvent"];
export type State = Schemas["State"];
export type StateEvent = Schemas["StateEvent"];
export type Unit = Schemas["Unit"];

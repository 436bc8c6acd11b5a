//! The documents that a reader of the API and of the stream gets.
//!
//! The types say what they look like and are what a Rust client reads. The hub itself writes them around
//! the JSON that it received, without taking that apart again; tests hold the two together.

use crate::{
    labels::Labels,
    settings::{Bands, Days},
    state::Device,
};
use protocol::{Birth, DeviceId, State, Summary};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use utoipa::ToSchema;
use utoipa::openapi::{OneOfBuilder, Ref, RefOr, Schema, schema::ObjectBuilder, schema::Type};

/// One device: who it is, whether it is there, and its latest values.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Its id.
    #[schema(schema_with = device_id)]
    pub id: DeviceId,
    /// What the broker knows about it.
    pub status: DeviceStatus,
    /// When the hub learnt that status, in milliseconds since 1970-01-01 UTC.
    #[schema(required)]
    pub status_since_ms: Option<i64>,
    /// When the device last said something itself, in milliseconds since 1970-01-01 UTC.
    #[schema(required)]
    pub last_heard_ms: Option<i64>,
    /// Who it is and what it measures, as it said itself.
    #[schema(schema_with = birth_or_null, required)]
    pub birth: Option<Birth>,
    /// Its latest values, as it said them.
    #[schema(schema_with = state_or_null, required)]
    pub state: Option<State>,
    /// When that state came, in milliseconds since 1970-01-01 UTC; null when its age is not known, because
    /// the broker had kept it and the device has no synchronized clock.
    #[schema(required)]
    pub state_received_ms: Option<i64>,
    /// What people say of it.
    pub labels: Labels,
}

/// Whether a device is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Connected.
    Online,
    /// It said goodbye, or the broker lost it.
    Offline,
    /// Its status was never told.
    Unknown,
}

/// All devices.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct DeviceList {
    /// The devices, by id.
    pub devices: Vec<DeviceView>,
    /// The hub's clock, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// Event `state` of the stream: new live values of a device.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct StateEvent {
    /// The device.
    #[schema(schema_with = device_id)]
    pub device: DeviceId,
    /// When they came, in milliseconds since 1970-01-01 UTC.
    #[schema(required)]
    pub received_ms: Option<i64>,
    /// The values.
    #[schema(schema_with = state)]
    pub state: State,
}

/// Event `summary` of the stream: a minute of a device came in.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct SummaryEvent {
    /// The device.
    #[schema(schema_with = device_id)]
    pub device: DeviceId,
    /// When it came, in milliseconds since 1970-01-01 UTC.
    pub received_ms: i64,
    /// The summary.
    #[schema(schema_with = summary)]
    pub summary: Summary,
}

/// Event `ping` of the stream, every 5 s: the hub is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PingEvent {
    /// The hub's clock, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// Event `lagged` of the stream: the reader was too slow and missed events; it goes on with the newest.
/// What it shows may be out of date: fetch the devices again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct LaggedEvent {
    /// Number of events missed.
    pub skipped_count: u64,
}

/// Event `forgotten` of the stream: the hub no longer knows the device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ForgottenEvent {
    /// The device.
    #[schema(schema_with = device_id)]
    pub device: DeviceId,
}

/// Event `settings` of the stream: what is set for the hub, first of all and after each change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingsEvent {
    /// How long summaries are kept one by one.
    pub minutes: Days,
    /// How long their hours are kept.
    pub hours: Days,
    /// Where the bands of gauges begin.
    pub bands: Bands,
}

/// Event `resume` of the stream, to a reader that came back with `Last-Event-ID`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ResumeEvent {
    /// Whether what was missed follows. Otherwise it is gone, or of another run of the hub, and the devices follow.
    pub resumed: bool,
}

/// Writes a [`DeviceView`].
pub fn write_device(out: &mut Vec<u8>, id: &DeviceId, device: &Device) {
    let status = device.status.map_or("unknown", protocol::Status::as_str);
    let birth = device.birth.as_deref().unwrap_or("null");
    let state = device.state.as_deref().unwrap_or("null");
    out.reserve(256 + birth.len() + state.len());
    put(out, format_args!(r#"{{"id":"{id}","status":"{status}","status_since_ms":"#));
    put_number(out, device.status_since_ms);
    put(out, format_args!(r#","last_heard_ms":"#));
    put_number(out, device.last_heard_ms);
    put(out, format_args!(r#","birth":{birth},"state":{state},"state_received_ms":"#));
    put_number(out, device.state_received_ms);
    match &device.labels {
        Some(labels) => {
            // Texts always serialise.
            let labels = serde_json::to_string(&**labels).unwrap_or_default();
            put(out, format_args!(r#","labels":{labels}}}"#));
        }
        None => out.extend_from_slice(br#","labels":{"name":null,"tags":[],"group":null}}"#),
    }
}

/// Writes a [`DeviceList`].
pub fn write_devices(out: &mut Vec<u8>, devices: &[(DeviceId, Device)], now_ms: i64) {
    out.extend_from_slice(br#"{"devices":["#);
    for (index, (id, device)) in devices.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_device(out, id, device);
    }
    put(out, format_args!(r#"],"now_ms":{now_ms}}}"#));
}

/// Writes a [`StateEvent`] or [`SummaryEvent`], whose `key` carries `text`.
pub fn write_event(out: &mut Vec<u8>, device: &DeviceId, received_ms: Option<i64>, key: &str, text: &[u8]) {
    put(out, format_args!(r#"{{"device":"{device}","received_ms":"#));
    put_number(out, received_ms);
    put(out, format_args!(r#","{key}":"#));
    out.extend_from_slice(text);
    out.push(b'}');
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _ = out.write_fmt(text);
}

fn put_number(out: &mut Vec<u8>, number: Option<i64>) {
    match number {
        Some(number) => put(out, format_args!("{number}")),
        None => out.extend_from_slice(b"null"),
    }
}

// The schemas of the wire contract are generated from its own types; here they are only referred to.

fn device_id() -> RefOr<Schema> {
    Ref::from_schema_name("DeviceId").into()
}

fn state() -> RefOr<Schema> {
    Ref::from_schema_name("State").into()
}

fn summary() -> RefOr<Schema> {
    Ref::from_schema_name("Summary").into()
}

fn birth_or_null() -> RefOr<Schema> {
    or_null("Birth")
}

fn state_or_null() -> RefOr<Schema> {
    or_null("State")
}

/// A type of the wire contract, or null.
pub(crate) fn or_null(name: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new().item(null).item(Ref::from_schema_name(name)).into()
}

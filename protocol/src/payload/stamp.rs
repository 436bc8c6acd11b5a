//! When something happened, as far as a machine without a clock can know.

use crate::BootId;
use serde::{Deserialize, Serialize};

/// Whether the wall clock of a device can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ClockTrust {
    /// The kernel says that a time source keeps the clock right.
    Synchronized,
    /// Not yet: after a start without network a Pi believes it is some day of the past.
    Unsynchronized,
}

/// The time of a message. Flattened into the payloads that carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stamp {
    /// The run of the agent.
    pub boot: BootId,
    /// Milliseconds since the device started, counted through suspend. Never jumps; compares within one run,
    /// and between runs with the same `machine_boot`.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01 UTC by the device's wall clock.
    pub time_ms: i64,
    /// Whether `time_ms` can be believed.
    pub clock: ClockTrust,
}

//! Who a device is and what it measures.

use super::{Stamp, Version};
use crate::{Kind, MetricName, SensorId, Unit};
use serde::{Deserialize, Serialize};

/// Payload of the `birth` topic: retained, sent at each connect before anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Birth {
    /// Version of the contract.
    pub version: Version,
    /// When the agent connected.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// The kernel's id of this start of the machine: changes at a reboot, not at a restart of the agent.
    pub machine_boot: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Host name.
    pub hostname: String,
    /// What the machine says it is, such as `Raspberry Pi 4 Model B Rev 1.4`; absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Serial number of the machine; absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Name and version of the operating system.
    pub os: String,
    /// Processor architecture, such as `aarch64`.
    pub arch: String,
    /// Milliseconds between two samples, and so between two `state` messages.
    pub interval_ms: u64,
    /// Length of the rolling window, in milliseconds.
    pub window_ms: u64,
    /// Everything that the device can measure, in the order to show it.
    pub metrics: Vec<MetricDescription>,
}

/// One metric of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricDescription {
    /// Its name in every other message.
    pub name: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// The sensor that it comes from; faults are told by this id.
    pub sensor: SensorId,
    /// What people call it.
    pub label: String,
    /// How it behaves over time.
    pub kind: Kind,
}

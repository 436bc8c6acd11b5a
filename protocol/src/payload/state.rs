//! The live values of a device.

use super::{Readings, Stamp, Version};
use crate::SensorId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Payload of the `state` topic: every interval, retained, replaced by the next one.
///
/// `R` is how the readings are held: a reader takes the default map, a writer may serialise from what it
/// has without building one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct State<R = Readings> {
    /// Version of the contract.
    pub version: Version,
    /// When the sample was taken.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// The readings of this sample. A sensor in fault has none here.
    pub now: R,
    /// The means over the rolling window. A metric is here while the window holds at least one reading
    /// of it and its sensor is not in fault.
    pub mean: R,
    /// Sensors that gave no readings at this sample, and why.
    pub faults: BTreeMap<SensorId, Fault>,
    /// Summaries that this run of the agent had to drop before the hub had acknowledged them.
    #[serde(default)]
    pub dropped_count: u64,
    /// The processes that cost most, from a device that is told to say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Box<Top>>,
}

/// The processes that cost most, largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Top {
    /// By CPU time since the last look.
    pub cpu: Vec<CpuShare>,
    /// By memory.
    pub memory: Vec<MemoryShare>,
}

/// What a process used of the CPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuShare {
    /// Its short name, as the kernel has it.
    pub name: String,
    /// Its id.
    pub pid: u32,
    /// Share of one CPU, so that four busy threads are 400.
    pub percent: f64,
}

/// What a process uses of the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryShare {
    /// Its short name, as the kernel has it.
    pub name: String,
    /// Its id.
    pub pid: u32,
    /// Its resident pages, those that it shares with others included.
    pub bytes: u64,
}

/// Why a sensor gave no readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Fault {
    /// There is no such device or bus.
    Absent,
    /// It is there but did not answer in time.
    NoAnswer,
    /// It answers with what no longer changes.
    Stuck,
    /// It answers with what cannot be.
    OutOfRange,
    /// It answers without having measured.
    Skipped,
    /// Another chip answers at its address.
    WrongChip,
    /// What a newer agent says and this program does not know yet. Never sent by ours.
    #[serde(other)]
    Unknown,
}

impl Fault {
    /// The word of the contract in plain English.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Absent => "absent",
            Fault::NoAnswer => "no answer",
            Fault::Stuck => "stuck",
            Fault::OutOfRange => "out of range",
            Fault::Skipped => "skipped",
            Fault::WrongChip => "wrong chip",
            Fault::Unknown => "unknown fault",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! The wire contract between agent, hub and everybody who subscribes.
//!
//! It knows names ([`DeviceId`], [`MetricName`], [`Unit`]), where messages go ([`Topic`]) and what they
//! carry (the payload types). It does no I/O and depends on serde and thiserror alone, so that both
//! programs, and a program of yours, can use it.

mod id;
mod metric;
mod payload;
mod topic;

pub use id::{BootId, DeviceId, IdError, SensorId};
pub use metric::{Kind, MetricName, MetricNameError, Unit};
pub use payload::{
    Ack, Backlog, Birth, ClockTrust, Command, CommandName, CommandResult, CpuShare, Fault, InvalidSummary,
    MemoryShare, MetricDescription, Outcome, Readings, SequenceRange, Stamp, State, Status, Summary, Top,
    UnknownStatus, Version, agree,
};
pub use topic::{Channel, Prefix, PrefixError, Topic, Topics};

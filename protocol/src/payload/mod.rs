//! What the messages carry: JSON objects whose values are flat maps from metric name to number.
//!
//! Readers ignore keys that they do not know; a change that would make old readers wrong raises
//! [`Version`]. `status` alone is plain text, so that every tool can use it as availability.

mod ack;
mod birth;
mod command;
mod stamp;
mod state;
mod status;
mod summary;
mod version;

pub use ack::{Ack, SequenceRange};
pub use birth::{Birth, MetricDescription};
pub use command::{Command, CommandName, CommandResult, Outcome};
pub use stamp::{ClockTrust, Stamp};
pub use state::{CpuShare, Fault, MemoryShare, State, Top};
pub use status::{Status, UnknownStatus};
pub use summary::{Backlog, InvalidSummary, Summary, agree};
pub use version::Version;

use crate::MetricName;
use std::collections::BTreeMap;

/// Values by metric. A missing metric is missing: never zero, never the last one again.
pub type Readings = BTreeMap<MetricName, f64>;

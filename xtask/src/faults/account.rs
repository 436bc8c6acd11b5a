//! What each witness says of a campaign, before anybody compares.

use std::collections::{BTreeMap, BTreeSet};

use super::events::Log;

/// A run of a device's agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) device: String,
    pub(super) boot: String,
}

/// A summary, by its run and number.
pub(super) type Key = (Source, u64);

/// How a run of an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Asked to, by SIGTERM.
    Asked,
    /// Killed, or fallen by itself.
    Killed,
}

/// A span of the machine's own time, in milliseconds since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
}

/// What a run of an agent went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunAccount {
    pub(super) source: Source,
    /// Every summary that it made by its own log, with the machine's time.
    pub(super) made: BTreeMap<u64, u64>,
    pub(super) ending: Ending,
    pub(super) ended_ms: u64,
    /// When it was stopped by a signal, and so could not do anything.
    pub(super) suspended: Vec<Span>,
    /// When its spool could not be written, until it was sure to have tried again.
    pub(super) spool_broken: Vec<Span>,
}

/// A row of the store, as read from its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: Key,
    /// The agent's own time in the body, in milliseconds since the machine's start.
    pub(super) monotonic_ms: u64,
    /// Whether the body names the number that the row is filed under.
    pub(super) body_agrees: bool,
    /// It is in a chunk, and known by its figures.
    pub(super) packed: bool,
}

/// The ledger's word on a run, as the API tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LedgerRun {
    pub(super) highest: u64,
    pub(super) received: u64,
    pub(super) missing: u64,
    pub(super) late: u64,
    pub(super) double: u64,
}

/// What an `ack` said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AckSeen {
    pub(super) source: Source,
    pub(super) sequence: u64,
    /// Ranges that it leaves out, both ends included.
    pub(super) missing: Vec<(u64, u64)>,
}

/// Everything that is known at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) runs: Vec<RunAccount>,
    /// What lay in the spool when an agent's process was gone.
    pub(super) spooled: BTreeSet<Key>,
    /// What lies there at the very end.
    pub(super) still_spooled: BTreeSet<Key>,
    /// What a subscriber saw in `summary` and `backlog`, and how often.
    pub(super) seen: BTreeMap<Key, u64>,
    pub(super) acks: BTreeSet<AckSeen>,
    pub(super) rows: Vec<Row>,
    /// Readings that each device's points have together, and that its hours have.
    pub(super) readings: BTreeMap<String, (u64, u64)>,
    pub(super) ledger: BTreeMap<Source, LedgerRun>,
    /// What happened to devices, as the store tells it.
    pub(super) events: Log,
    /// Devices, each of which came and went at least twice.
    pub(super) devices: Vec<String>,
    /// What went wrong besides: a program that ended by itself, a panic in a log, a damaged store.
    pub(super) incidents: Vec<String>,
}

//! What a campaign has shown, as a table.

use std::collections::BTreeMap;
use std::fmt;

use super::plan::{Kind, Planned, Target};
use super::proof::Verdict;

/// Most lines about what is wrong; the first say most.
const COMPLAINTS: usize = 20;

/// A campaign's outcome.
pub(super) struct Report {
    pub(super) title: String,
    faults: BTreeMap<Kind, usize>,
    /// How many of them the database had.
    of_database: usize,
    verdict: Verdict,
}

impl Report {
    pub(super) fn new(title: String, plan: &[Planned], verdict: Verdict) -> Self {
        let mut faults = BTreeMap::new();
        for planned in plan {
            *faults.entry(planned.fault.kind).or_default() += 1;
        }
        let of_database = plan.iter().filter(|planned| planned.fault.target == Target::Database).count();
        Self { title, faults, of_database, verdict }
    }

    /// Whether everything was as promised.
    pub(super) fn is_sound(&self) -> bool {
        self.verdict.complaints.is_empty()
    }

    /// One line for the end.
    pub(super) fn sum(&self) -> String {
        let Self { title, faults, verdict, .. } = self;
        let (missing, twice) = (verdict.missing.len(), verdict.twice.len());
        let events = verdict.events_wrong;
        let number: usize = faults.values().sum();
        format!("{title}: {number} faults, {missing} missing, {twice} stored twice, {events} events wrong")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, faults, of_database, verdict } = self;
        writeln!(out, "-- {title}")?;
        for (kind, number) in faults {
            writeln!(out, "{:<44}{number:>9}", format!("faults: {kind}"))?;
        }
        if *of_database > 0 {
            writeln!(out, "{:<44}{of_database:>9}", "of all faults the database's")?;
        }
        let rows = [
            ("runs of agents", verdict.runs),
            ("summaries made", verdict.made),
            ("summaries in the store", verdict.stored),
            ("of these packed", verdict.packed),
            ("of all late, by the ledger", verdict.late),
            ("came again and were not stored again", verdict.double),
            ("seen by a subscriber", verdict.witnessed),
            ("acks seen by a subscriber", verdict.acks),
            ("never promised: last seconds before a kill", verdict.never_promised),
            ("events", verdict.events),
            ("events doubled, lost or made up", verdict.events_wrong),
            ("missing", verdict.missing.len() as u64),
            ("stored twice", verdict.twice.len() as u64),
        ];
        for (name, number) in rows {
            writeln!(out, "{name:<44}{number:>9}")?;
        }
        writeln!(
            out,
            "{:<44}{:>7.1} s",
            "worst gap in the history of a device",
            verdict.worst_gap_ms as f64 / 1e3
        )?;
        for complaint in verdict.complaints.iter().take(COMPLAINTS) {
            writeln!(out, "not as promised: {complaint}")?;
        }
        match verdict.complaints.len().saturating_sub(COMPLAINTS) {
            0 => Ok(()),
            more => writeln!(out, "and {more} more"),
        }
    }
}

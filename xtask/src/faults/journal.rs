//! What an agent says in its log that it has made. It is the only witness of summaries that never left it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// What `RUST_LOG` must be for the agent to say it.
pub(super) const LOG_FILTER: &str = "info,edge_agent::window=trace";
/// The metric by whose figures a summary is known again where it has no number: no two of a device are the same.
pub(super) const METRIC: &str = "uptime_seconds";

/// The summaries of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// The run, once it has made a summary.
    pub(super) boot: Option<String>,
    /// The time of each by its sequence.
    pub(super) made: BTreeMap<u64, u64>,
    /// The figures of [`METRIC`] in it, where it has some.
    pub(super) figures: BTreeMap<u64, Figures>,
}

/// Mean, lowest, highest and last reading of a window in thousandths, and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Figures {
    thousandths: [i64; 4],
    pub(super) count: u64,
}

impl Figures {
    /// Agents round to thousandths.
    pub(super) fn new(figures: [f64; 4], count: u64) -> Self {
        Self { thousandths: figures.map(|figure| (figure * 1000.0).round() as i64), count }
    }

    fn of(summary: &Value) -> Option<Self> {
        let figure = |name: &str| summary[name][METRIC].as_f64();
        let figures = [figure("mean")?, figure("min")?, figure("max")?, figure("last")?];
        Some(Self::new(figures, summary["count"][METRIC].as_u64()?))
    }
}

impl Journal {
    pub(super) fn highest(&self) -> u64 {
        self.made.keys().next_back().copied().unwrap_or(0)
    }
}

pub(super) fn read(log: &Path) -> anyhow::Result<Journal> {
    let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Journal {
    let mut journal = Journal::default();
    for (_, json) in text.lines().filter_map(|line| line.split_once(" summary text ")?.1.split_once("json="))
    {
        // What a kill cut short never left the agent.
        let summary: Value = serde_json::from_str(json).unwrap_or_default();
        if let (Some(sequence), Some(figures)) = (summary["sequence"].as_u64(), Figures::of(&summary)) {
            journal.figures.insert(sequence, figures);
        }
    }
    for line in text.lines().filter(|line| line.contains(" summary made ")) {
        let field = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| field(name).and_then(|text| text.parse::<u64>().ok());
        // A line that a kill cut short tells of nothing that anybody could have seen.
        if let (Some(boot), Some(sequence), Some(at)) =
            (field("boot"), number("sequence"), number("monotonic_ms"))
        {
            journal.boot = Some(boot.to_owned());
            journal.made.insert(sequence, at);
        }
    }
    journal
}

/// The first line that tells of a panic.
pub(super) fn panic(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    text.lines().find(|line| line.contains("panicked at")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_about_summaries_count() {
        let journal = parse(
            "2026-11-21T07:00:00Z  INFO started device=roof\n\
             2026-11-21T07:00:01Z DEBUG summary made boot=b-1 sequence=1 monotonic_ms=1500\n\
             2026-11-21T07:00:01Z TRACE summary text sequence=1 json={\"sequence\":1,\"mean\":{\"uptime_seconds\":7.5},\
             \"min\":{\"uptime_seconds\":7.0},\"max\":{\"uptime_seconds\":8},\"last\":{\"uptime_seconds\":8},\
             \"count\":{\"uptime_seconds\":4}}\n\
             2026-11-21T07:00:02Z DEBUG summary made boot=b-1 sequence=2 monotonic_ms=2500\n\
             2026-11-21T07:00:03Z DEBUG summary made boot=b-1 sequ",
        );
        assert_eq!(journal.boot.as_deref(), Some("b-1"));
        assert_eq!(journal.made, BTreeMap::from([(1, 1500), (2, 2500)]));
        assert_eq!(journal.figures, BTreeMap::from([(1, Figures::new([7.5, 7.0, 8.0, 8.0], 4))]));
        assert_eq!((journal.highest(), parse("").highest()), (2, 0));
    }
}

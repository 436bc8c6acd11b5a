//! What an agent says on the console that it has made, and that it has written.

use std::collections::BTreeMap;

/// What `RUST_LOG` must be for the agent to say it.
pub(super) const LOG_FILTER: &str = "info,edge_agent::window=debug";

/// One run of the agent.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) boot: String,
    /// When the line about each came, by its sequence. Milliseconds since 1970.
    pub(super) made: BTreeMap<u64, i64>,
    /// Writes to the card.
    pub(super) writes: usize,
    /// The highest made when the last write was told, and the one before.
    at_write: u64,
    at_write_before: u64,
}

impl Run {
    /// Up to this sequence all must outlive a power cut: a write takes all that waits when it begins, and it began
    /// after the one before was told.
    pub(super) fn promised(&self) -> u64 {
        self.at_write_before
    }
}

/// The runs, in their order.
#[derive(Debug, Default)]
pub(super) struct Told {
    runs: Vec<Run>,
    none: Run,
}

impl Told {
    pub(super) fn hear(&mut self, line: &str, now_ms: i64) {
        let field = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        if line.contains(" summary made ") {
            let (Some(boot), Some(Ok(sequence))) = (field("boot"), field("sequence").map(str::parse)) else {
                return;
            };
            if self.last().boot != boot {
                self.runs.push(Run { boot: boot.to_owned(), ..Run::default() });
            }
            self.runs.last_mut().map(|run| run.made.insert(sequence, now_ms));
        } else if line.contains("kept on disk")
            && let Some(run) = self.runs.last_mut()
        {
            run.writes += 1;
            run.at_write_before = run.at_write;
            run.at_write = run.made.keys().next_back().copied().unwrap_or(0);
        }
    }

    /// Runs that have made a summary.
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter()
    }

    /// The present run; an empty one before the first.
    pub(super) fn last(&self) -> &Run {
        self.runs.last().unwrap_or(&self.none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_before_the_last_but_one_write_is_promised() {
        let mut told = Told::default();
        let lines = [
            "DEBUG summary made boot=a sequence=1 monotonic_ms=9",
            "INFO not acknowledged for long: kept on disk summaries=1",
            "DEBUG summary made boot=a sequence=2 monotonic_ms=9",
            "DEBUG summary made boot=a sequence=3 monotonic_ms=9",
        ];
        lines.iter().for_each(|line| told.hear(line, 5));
        assert_eq!((told.last().promised(), told.last().made.len()), (0, 3));
        told.hear(lines[1], 5);
        assert_eq!((told.last().promised(), told.last().writes), (1, 2));
        told.hear(lines[1], 5);
        assert_eq!(told.last().promised(), 3);
        told.hear("DEBUG summary made boot=b sequence=1 monotonic_ms=9", 6);
        assert_eq!(
            (told.runs(), told.last().promised(), &told.last().made),
            (2, 0, &BTreeMap::from([(1, 6)]))
        );
    }
}

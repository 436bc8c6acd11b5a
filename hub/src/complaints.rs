//! Keeps a repeated complaint from filling the log.

use std::{collections::HashMap, hash::Hash};

/// Most keys remembered at a time; beyond it, the oldest news is forgotten first.
const MAX_KEYS: usize = 10_000;

struct Entry {
    said_ms: i64,
    unsaid: u64,
}

/// Decides which complaints are said: the first of each key, then at most one per interval, with the
/// number of those that were left out.
pub struct Complaints<K> {
    interval_ms: u64,
    entries: HashMap<K, Entry>,
}

impl<K: Eq + Hash> Complaints<K> {
    /// At most one complaint per key and `interval_ms`.
    pub fn new(interval_ms: u64) -> Self {
        Self { interval_ms, entries: HashMap::new() }
    }

    /// Notes a complaint. `Some(n)` asks to say it now and tells how many like it went unsaid since the
    /// last time; `None` asks for silence.
    pub fn note(&mut self, key: K, now_ms: i64) -> Option<u64> {
        let interval = self.interval_ms;
        // A clock that was set back must not silence anything for long.
        let due = |entry: &Entry| now_ms.abs_diff(entry.said_ms) >= interval;
        if self.entries.len() >= MAX_KEYS && !self.entries.contains_key(&key) {
            self.entries.retain(|_, entry| !due(entry));
            if self.entries.len() >= MAX_KEYS {
                return None;
            }
        }
        let Some(entry) = self.entries.get_mut(&key) else {
            self.entries.insert(key, Entry { said_ms: now_ms, unsaid: 0 });
            return Some(0);
        };
        if due(entry) {
            entry.said_ms = now_ms;
            Some(std::mem::take(&mut entry.unsaid))
        } else {
            entry.unsaid += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_complaint_per_key_and_interval_with_a_count_of_the_rest() {
        let mut complaints = Complaints::new(60_000);
        assert_eq!(complaints.note("a", 0), Some(0));
        assert_eq!(complaints.note("a", 1), None);
        assert_eq!(complaints.note("b", 2), Some(0), "another key is heard");
        assert_eq!(complaints.note("a", 59_999), None);
        assert_eq!(complaints.note("a", 60_000), Some(2));
        assert_eq!(complaints.note("a", 120_000), Some(0));
    }

    #[test]
    fn a_clock_set_back_silences_nothing() {
        let mut complaints = Complaints::new(60_000);
        complaints.note("a", 10_000_000);
        assert_eq!(complaints.note("a", 0), Some(0));
    }

    #[test]
    fn keys_are_bounded_and_make_room_when_their_interval_is_over() {
        let mut complaints = Complaints::new(60_000);
        for key in 0..MAX_KEYS {
            assert_eq!(complaints.note(key, 0), Some(0));
        }
        assert_eq!(complaints.note(MAX_KEYS, 1), None);
        assert_eq!(complaints.note(MAX_KEYS, 60_000), Some(0));
        assert_eq!(complaints.entries.len(), 1);
    }
}

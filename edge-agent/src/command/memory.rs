//! Which commands were carried out, so that none is carried out twice.

use protocol::Outcome;
use std::collections::VecDeque;

/// Commands that are remembered. More in their lifetimes are refused, never forgotten early.
const MOST: usize = 256;

/// What is remembered of a command.
#[derive(Debug)]
struct Done {
    id: String,
    expires_ms: i64,
    /// `None` while it is being carried out.
    outcome: Option<Outcome>,
}

/// The commands of this run of the agent. One that has expired may be forgotten: it would be refused anyway.
#[derive(Debug, Default)]
pub(super) struct Memory(VecDeque<Done>);

/// No room for another command before one of those remembered has expired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Memory {
    /// What became of a command, if it is remembered.
    pub(super) fn outcome(&self, id: &str) -> Option<Option<Outcome>> {
        self.0.iter().find(|done| done.id == id).map(|done| done.outcome)
    }

    /// Remembers a command that is about to be carried out.
    pub(super) fn begin(&mut self, id: &str, expires_ms: i64, now_ms: i64) -> Result<(), Full> {
        if self.0.len() >= MOST {
            // Only when there is need: should the clock be set back, what has expired has not.
            let expired = self.0.iter().position(|done| done.expires_ms <= now_ms).ok_or(Full)?;
            self.0.remove(expired);
        }
        self.0.push_back(Done { id: id.to_owned(), expires_ms, outcome: None });
        Ok(())
    }

    /// Remembers what became of it.
    pub(super) fn end(&mut self, id: &str, outcome: Outcome) {
        if let Some(done) = self.0.iter_mut().find(|done| done.id == id) {
            done.outcome = Some(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_come_again_is_never_forgotten() {
        let mut memory = Memory::default();
        for number in 0..MOST as i64 {
            memory.begin(&number.to_string(), 1_000 + number, 0).unwrap();
        }
        assert_eq!(memory.begin("one more", 5_000, 999), Err(Full));
        assert_eq!(memory.begin("one more", 5_000, 1_000), Ok(()));
        assert_eq!(memory.outcome("0"), None, "expired, and forgotten for lack of room");
        assert_eq!(memory.outcome("1"), Some(None));
        assert_eq!(memory.0.len(), MOST);
    }

    #[test]
    fn what_became_of_it_is_remembered() {
        let mut memory = Memory::default();
        memory.begin("a", 1_000, 0).unwrap();
        memory.end("a", Outcome::Failed);
        assert_eq!((memory.outcome("a"), memory.outcome("b")), (Some(Some(Outcome::Failed)), None));
    }
}

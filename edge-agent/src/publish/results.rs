//! Results of commands on their way: pure bookkeeping, no I/O.

use protocol::CommandResult;
use std::collections::VecDeque;

/// Results that are kept. Whoever asked for more than this is gone.
const MOST: usize = 16;
/// How long after its sending a result may be under way, in milliseconds: a broken connection is noticed by then.
const UNDER_WAY_MS: u64 = 60_000;

/// A result, and when it was sent.
#[derive(Debug)]
struct Letter {
    result: CommandResult,
    sent_ms: Option<u64>,
}

/// Results that wait for a connection, or may be lost with it. So a result may be seen twice, like everything
/// at QoS 1.
#[derive(Debug, Default)]
pub(super) struct Results(VecDeque<Letter>);

impl Results {
    /// Takes a result in; the oldest goes for lack of room, and is told if it was never sent.
    pub(super) fn push(&mut self, result: CommandResult) {
        if self.0.len() >= MOST
            && let Some(Letter { result, sent_ms: None }) = self.0.pop_front()
        {
            tracing::warn!(id = result.id, "results of commands find no connection: the oldest is dropped");
        }
        self.0.push_back(Letter { result, sent_ms: None });
    }

    /// The oldest that has not been sent.
    pub(super) fn due(&self) -> Option<&CommandResult> {
        self.0.iter().find(|letter| letter.sent_ms.is_none()).map(|letter| &letter.result)
    }

    /// Notes that the one that was [due](Self::due) is on its way.
    pub(super) fn mark_sent(&mut self, now_ms: u64) {
        if let Some(letter) = self.0.iter_mut().find(|letter| letter.sent_ms.is_none()) {
            letter.sent_ms = Some(now_ms);
        }
    }

    /// Notes that what was under way at `now_ms` may be lost, with the connection, and has to be sent again.
    pub(super) fn resend(&mut self, now_ms: u64) {
        let arrived = |sent_ms: u64| now_ms.saturating_sub(sent_ms) > UNDER_WAY_MS;
        self.0.retain(|letter| !letter.sent_ms.is_some_and(arrived));
        self.0.iter_mut().for_each(|letter| letter.sent_ms = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Outcome, Version};

    fn result(number: usize) -> CommandResult {
        let (id, message) = (number.to_string(), String::new());
        CommandResult { version: Version, id, outcome: Outcome::Done, message }
    }

    fn sent(results: &mut Results, now_ms: u64) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(id) = results.due().map(|result| result.id.clone()) {
            sent.push(id);
            results.mark_sent(now_ms);
        }
        sent
    }

    #[test]
    fn what_was_under_way_when_the_connection_broke_is_sent_again() {
        let mut results = Results::default();
        results.push(result(1));
        assert_eq!(sent(&mut results, 1_000), ["1"]);
        results.push(result(2));
        assert_eq!(sent(&mut results, 50_000), ["2"]);
        results.resend(61_001);
        assert_eq!(sent(&mut results, 61_001), ["2"], "the first arrived long ago");
        results.resend(61_002);
        assert_eq!(sent(&mut results, 61_002), ["2"]);
    }

    #[test]
    fn they_are_bounded_and_the_oldest_goes() {
        let mut results = Results::default();
        (0..20).for_each(|number| results.push(result(number)));
        assert_eq!(sent(&mut results, 0), (4..20).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

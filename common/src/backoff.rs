//! How long to wait before trying again.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// Waits that double, each lengthened by chance so that a fleet does not come back as one. From 1 s to 60 s unless told
/// otherwise.
#[derive(Debug)]
pub struct Backoff {
    waits: ExponentialBackoff,
    shortest: Duration,
    longest: Duration,
}

/// Shortest wait.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait, before chance lengthens it to at most twice.
pub const LONGEST: Duration = Duration::from_secs(60);

impl Default for Backoff {
    fn default() -> Self {
        Self::between(SHORTEST, LONGEST)
    }
}

impl Backoff {
    /// Waits from the shortest to the longest; chance lengthens each to at most twice.
    pub fn between(shortest: Duration, longest: Duration) -> Self {
        let waits = ExponentialBuilder::default().with_min_delay(shortest).with_max_delay(longest);
        Self { waits: waits.with_jitter().without_max_times().build(), shortest, longest }
    }

    /// The next wait. It never runs out.
    pub fn next_wait(&mut self) -> Duration {
        self.waits.next().unwrap_or(self.longest)
    }

    /// Begins again with the shortest wait, after a success.
    pub fn reset(&mut self) {
        *self = Self::between(self.shortest, self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next_wait()).collect();
        assert!(waits[0] >= SHORTEST && waits[0] <= SHORTEST * 2, "{:?}", waits[0]);
        assert!(waits[39] >= LONGEST && waits[39] <= LONGEST * 2, "{:?}", waits[39]);
        backoff.reset();
        assert!(backoff.next_wait() <= SHORTEST * 2);
    }

    #[test]
    fn two_devices_do_not_wait_alike() {
        let (mut one, mut other) = (Backoff::default(), Backoff::default());
        assert!((0..20).any(|_| one.next_wait() != other.next_wait()));
    }
}

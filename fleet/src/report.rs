//! What is printed.

use crate::tally::Tally;
use std::{convert::Infallible, sync::atomic::Ordering::Relaxed, time::Duration};
use tokio::time::Instant;

/// Prints a line a second, for ever.
pub(crate) async fn every_second(tally: &Tally, devices: u32, start: Instant) -> Infallible {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.tick().await;
    let (mut states, mut acknowledged) = (0, 0);
    loop {
        seconds.tick().await;
        let (states_now, acknowledged_now) = (tally.states.load(Relaxed), tally.acknowledged.load(Relaxed));
        println!(
            "{:6.0} s  {}/{devices} connected  {} states/s  {} summaries/s acknowledged  {} unacknowledged  {} broken",
            start.elapsed().as_secs_f64(),
            tally.connected.load(Relaxed),
            states_now - states,
            acknowledged_now - acknowledged,
            tally.made.load(Relaxed) - acknowledged_now,
            tally.broken.load(Relaxed),
        );
        (states, acknowledged) = (states_now, acknowledged_now);
    }
}

/// The last line: a JSON object, for programs that compare runs.
pub(crate) fn summary(tally: &Tally, elapsed: Duration) -> String {
    let (half_ms, most_ms) = tally.waits_ms();
    let seconds = elapsed.as_secs_f64();
    let acknowledged = tally.acknowledged.load(Relaxed);
    serde_json::json!({
        "seconds": (seconds * 1000.0).round() / 1000.0,
        "connected": tally.connected.load(Relaxed),
        "broken": tally.broken.load(Relaxed),
        "states": tally.states.load(Relaxed),
        "states_dropped": tally.states_dropped.load(Relaxed),
        "summaries_made": tally.made.load(Relaxed),
        "summaries_acknowledged": acknowledged,
        "summaries_per_second": (acknowledged as f64 / seconds).round(),
        "summaries_sent_again": tally.sent_again.load(Relaxed),
        "acknowledged_ms_p50": half_ms,
        "acknowledged_ms_p99": most_ms,
    })
    .to_string()
}

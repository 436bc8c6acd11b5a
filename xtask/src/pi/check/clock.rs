//! A Pi that starts in 1970, is told the time later, and then jumps by hours both ways.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};

use super::Findings;
use super::bench::{Bench, INTERVAL_MS, WINDOW_MS};
use super::messages::{State, Summary};
use super::truth::METRICS;

const DAY_MS: i64 = 86_400_000;
/// A wall clock is set to whole seconds, and by a guest that may be starved.
const SET_WITHIN_MS: i64 = 5000;

pub(super) fn play(bench: &mut Bench, findings: &mut Findings) -> anyhow::Result<()> {
    findings.note("a clock in 1970 is not believed", unknown(bench));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let wanted = |_: i64| i64::try_from(now).unwrap_or_default() * 1000;
    findings.note("the clock is set", jump(bench, &format!("clock @{now}"), wanted));
    findings.note("two hours on", jump(bench, "clock +7200", |before| before + 7_200_000));
    findings.note("five hours back", jump(bench, "clock -18000", |before| before - 18_000_000));
    findings.note("the agent ends on SIGTERM", super::faults::end(bench));
    findings.note("no summary is missing", sequences(&bench.summaries));
    findings.note("windows by the monotonic clock", windows(&bench.summaries));
    Ok(())
}

fn unknown(bench: &mut Bench) -> anyhow::Result<String> {
    let state = bench.next_state()?;
    ensure!(state.stamp.time_ms < DAY_MS, "it starts at {}", state.stamp.time_ms);
    ensure!(state.stamp.clock == "unsynchronized", "it is called {}", state.stamp.clock);
    Ok(format!("{} ms since 1970", state.stamp.time_ms))
}

/// The wall clock jumps, and is not believed before the kernel is told that it is kept right. Then a whole
/// window passes, so that a summary tells of the jump.
fn jump(bench: &mut Bench, command: &str, wanted: impl Fn(i64) -> i64) -> anyhow::Result<String> {
    let before = bench.next_state()?;
    let set_ms = bench.tell(command)?.at_ms;
    let after = next_after(bench, set_ms)?;
    let passed = i64::try_from(after.stamp.monotonic_ms - before.stamp.monotonic_ms)?;
    let off = after.stamp.time_ms - wanted(before.stamp.time_ms + passed);
    ensure!(off.abs() <= SET_WITHIN_MS, "its time is {off} ms off");
    ensure!(after.stamp.clock == "unsynchronized", "a clock just set is called {}", after.stamp.clock);
    ensure!(passed < 4 * i64::try_from(INTERVAL_MS)?, "{passed} ms between two states");

    let kept_ms = bench.tell("synchronised on")?.at_ms;
    let kept = next_after(bench, kept_ms)?;
    ensure!(kept.stamp.clock == "synchronized", "a clock that is kept right is called {}", kept.stamp.clock);
    let last = bench.summaries.last().map_or(0, |summary| summary.sequence);
    bench.wait_summary(last + 1)?;
    Ok(format!("{off} ms off, then synchronized"))
}

fn next_after(bench: &mut Bench, at_ms: u64) -> anyhow::Result<State> {
    loop {
        let state = bench.next_state()?;
        if state.stamp.monotonic_ms > at_ms {
            return Ok(state);
        }
    }
}

fn sequences(summaries: &[Summary]) -> anyhow::Result<String> {
    let sequences: Vec<u64> = summaries.iter().map(|summary| summary.sequence).collect();
    let expected: Vec<u64> = (1..).take(sequences.len()).collect();
    ensure!(sequences.len() >= 4 && sequences == expected, "{sequences:?}");
    Ok(format!("1 to {}", sequences.len()))
}

/// All but the last, which is cut short by the end.
fn windows(summaries: &[Summary]) -> anyhow::Result<String> {
    let (_, whole) = summaries.split_last().context("there is none")?;
    for pair in summaries.windows(2) {
        let between = pair[1].stamp.monotonic_ms.saturating_sub(pair[0].stamp.monotonic_ms);
        ensure!(between == pair[1].window_ms, "a window of {} ms ends after {between} ms", pair[1].window_ms);
    }
    for Summary { sequence, window_ms, count, .. } in whole {
        ensure!(window_ms.abs_diff(WINDOW_MS) <= INTERVAL_MS, "window {sequence} has {window_ms} ms");
        for name in METRICS {
            let readings = count.get(name).copied().unwrap_or_default();
            ensure!(
                readings.abs_diff(WINDOW_MS / INTERVAL_MS) <= 1,
                "window {sequence} has {readings} readings of {name}"
            );
        }
    }
    Ok(format!("{:?} ms", whole.iter().map(|summary| summary.window_ms).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::super::messages::Stamp;
    use super::*;

    fn summary(sequence: u64, end_ms: u64, window_ms: u64, readings: u64) -> Summary {
        let stamp = Stamp { monotonic_ms: end_ms, time_ms: 0, clock: String::new() };
        let count = METRICS.iter().map(|name| ((*name).to_owned(), readings)).collect();
        let [mean, min, max, last] = Default::default();
        Summary { stamp, sequence, window_ms, mean, min, max, last, count }
    }

    fn good() -> Vec<Summary> {
        (1..=4).map(|number| summary(number, 10_000 + number * WINDOW_MS, WINDOW_MS, 6)).collect()
    }

    #[test]
    fn holes_and_repetitions_are_seen() {
        assert!(sequences(&good()).is_ok());
        let mut summaries = good();
        summaries.remove(1);
        assert!(sequences(&summaries).is_err());
        summaries.insert(1, summary(1, 0, 0, 0));
        assert!(sequences(&summaries).is_err());
    }

    #[test]
    fn windows_that_a_clock_stretched_are_seen() {
        assert!(windows(&good()).is_ok());
        let mut summaries = good();
        summaries[1] = summary(2, 10_000 + 2 * WINDOW_MS + 7_200_000, WINDOW_MS + 7_200_000, 6);
        assert!(windows(&summaries).is_err());
        let mut summaries = good();
        summaries[2] = summary(3, 10_000 + 3 * WINDOW_MS, WINDOW_MS, 2);
        assert!(windows(&summaries).is_err());
    }
}

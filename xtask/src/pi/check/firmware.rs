//! What the firmware says of the board: its power supply and what it did to protect itself.

use anyhow::Context;

use super::bench::Bench;
use super::faults::{WITHIN_MS, until};
use super::messages::State;

const CONDITIONS: [&str; 4] = ["undervoltage", "frequency_capped", "throttled", "soft_temperature_limit"];

/// A command, and what a state must say after it.
pub(super) struct Report {
    pub(super) command: &'static str,
    /// The conditions that hold now, and those that did since the start.
    flags: Option<[&'static [&'static str]; 2]>,
    figures: &'static [(&'static str, f64)],
}

pub(super) const REPORTS: [Report; 4] = [
    Report {
        command: "throttled 0x50005",
        flags: Some([&["undervoltage", "throttled"], &["undervoltage", "throttled"]]),
        figures: &[("soc_clock_hertz", 600e6)],
    },
    Report {
        command: "throttled 0xd0008",
        flags: Some([&["soft_temperature_limit"], &["undervoltage", "throttled", "soft_temperature_limit"]]),
        figures: &[("soc_clock_hertz", 1200e6)],
    },
    Report { command: "cputemp 83.5", flags: None, figures: &[("soc_temperature_celsius", 83.5)] },
    Report { command: "volts 0.9", flags: None, figures: &[("soc_core_volts", 0.9)] },
];

pub(super) fn told(bench: &mut Bench, report: &Report) -> anyhow::Result<String> {
    let wanted = wanted(report);
    let at_ms = bench.tell(report.command)?.at_ms;
    let mut last = None;
    let outcome = until(bench, at_ms, WITHIN_MS, |state: &State| {
        let different = wanted.iter().find(|(name, value)| state.now.get(name) != Some(value));
        last = different.map(|(name, _)| format!("{name} is {:?}", state.now.get(name)));
        different.is_none()
    });
    outcome.with_context(|| last.unwrap_or_default())?;
    Ok(format!("{} figures", wanted.len()))
}

fn wanted(report: &Report) -> Vec<(String, f64)> {
    let flags = report.flags.iter().flat_map(|[now, since]| {
        let flag = |set: &[&str], condition: &str| f64::from(u8::from(set.contains(&condition)));
        CONDITIONS.iter().flat_map(move |condition| {
            [
                (format!("power_{condition}_flag"), flag(now, condition)),
                (format!("power_{condition}_since_boot_flag"), flag(since, condition)),
            ]
        })
    });
    flags.chain(report.figures.iter().map(|(name, value)| ((*name).to_owned(), *value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_flags_of_now_and_since_the_start() {
        let wanted = wanted(&REPORTS[0]);
        let set: Vec<_> =
            wanted.iter().filter(|(_, value)| *value == 1.0).map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            set,
            [
                "power_undervoltage_flag",
                "power_undervoltage_since_boot_flag",
                "power_throttled_flag",
                "power_throttled_since_boot_flag"
            ]
        );
        assert_eq!(wanted.len(), 9);
    }
}

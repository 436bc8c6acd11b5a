//! What this process takes of the machine.

use super::CostReport;
use rustix::time::{ClockId, clock_gettime};
use std::fs;

/// The cost of this process, which has run for `uptime_ms`.
pub(super) fn own(uptime_ms: u64) -> CostReport {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let cpu_seconds = spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9;
    let share = if uptime_ms == 0 { 0.0 } else { cpu_seconds / (uptime_ms as f64 / 1000.0) * 100.0 };
    let rounded = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let bytes = |path: &str, key: &str| fs::read_to_string(path).ok().and_then(|text| kilobytes(&text, key));
    CostReport {
        cpu_seconds: rounded(cpu_seconds),
        cpu_percent: rounded(share),
        rss_bytes: bytes("/proc/self/status", "VmRSS:"),
        pss_bytes: bytes("/proc/self/smaps_rollup", "Pss:"),
    }
}

/// The figure of a line such as `Pss:     1234 kB`, in bytes.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok().map(|kilobytes: u64| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_proc_are_read() {
        let text = "Rss:    100 kB\nPss:      42 kB\nPss_Dirty:  7 kB\n";
        assert_eq!((kilobytes(text, "Pss:"), kilobytes(text, "Swap:")), (Some(43_008), None));
    }

    #[test]
    fn this_process_costs_something() {
        let cost = own(1_000);
        assert!(cost.cpu_seconds > 0.0 && cost.rss_bytes > Some(100_000), "{cost:?}");
    }
}

//! Sends summaries of long ago: Debian's `mosquitto_pub`, for whatever devices.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::record::{Record, figures};
use crate::process::Process;
use crate::run;

/// Summaries in one message.
const BACKLOG: usize = 50;
/// The metric of all of them.
pub(super) const METRIC: &str = "fed_count";

/// What a device is called.
pub(super) fn device(number: usize) -> String {
    format!("old-{number}")
}

/// The run of its agent.
pub(super) fn boot(number: usize) -> String {
    format!("run-{number}")
}

/// Begins to send what a device has sent and was not acknowledged; ends by itself.
pub(super) fn start(
    dir: &Path,
    port: u16,
    record: &Record,
    number: usize,
) -> anyhow::Result<Option<Process>> {
    let due: Vec<u64> = record.sent[number].difference(&record.acked[number]).copied().collect();
    if due.is_empty() {
        return Ok(None);
    }
    let mut lines = String::new();
    for part in due.chunks(BACKLOG) {
        let summaries: Vec<String> = part.iter().map(|s| summary(record, number, *s)).collect();
        let _ = writeln!(lines, r#"{{"version":1,"summaries":[{}]}}"#, summaries.join(","));
    }
    let file = dir.join(format!("{}.lines", device(number)));
    fs::write(&file, lines)?;
    let topic = format!("edgewise/{}", device(number));
    // As an agent does, it says first that it is there.
    let script = r#"to="mosquitto_pub -h 127.0.0.1 -p $0 -q 1 -t $1"
        $to/status -r -m online && exec $to/backlog -l < "$2""#;
    let mut command = run::command("sh", ["-c", script, &port.to_string(), &topic]);
    command.arg(&file);
    let log = dir.join(format!("{}.log", device(number)));
    Process::log_to("mosquitto_pub", &mut command, &log).map(Some)
}

fn summary(record: &Record, number: usize, sequence: u64) -> String {
    let time_ms = record.time_of(sequence);
    let is = figures(number, sequence);
    let map = |value: &dyn std::fmt::Display| format!(r#"{{"{METRIC}":{value},"beside_count":{value}}}"#);
    format!(
        r#"{{"version":1,"boot":"{}","sequence":{sequence},"monotonic_ms":{},"time_ms":{time_ms},"clock":"synchronized","window_ms":{},"mean":{},"min":{},"max":{},"last":{},"count":{}}}"#,
        boot(number),
        time_ms - record.base_ms,
        record.step_ms,
        map(&is.mean),
        map(&is.min),
        map(&is.max),
        map(&is.mean),
        map(&is.count),
    )
}

//! `edge-agent status`: how the running agent is.

use super::{say, table::table};
use crate::{
    config::{Loader, Purpose},
    control::{self, Report},
    identity::Machine,
};
use common::exit;
use std::io;

/// Asks the running agent and prints its answer.
pub(super) fn status(loader: &Loader, json: bool) -> u8 {
    // A file with a mistake in it must not keep the owner from seeing how the agent is.
    let config = loader.load(Purpose::Measure, &Machine::read()).ok().map(|sound| sound.config);
    let places = control::candidates(config.and_then(|config| config.status.socket).as_deref());
    let mut errors: Vec<String> = Vec::new();
    for place in &places {
        match control::ask(place) {
            Ok(report) => {
                say(&if json { as_json(&report) } else { as_text(&report) });
                return exit::CLEAN;
            }
            Err(error) => errors.push(format!("{} ({})", place.display(), reason(&error))),
        }
    }
    let tried = match errors.as_slice() {
        [] => "there is neither /run/edgewise nor XDG_RUNTIME_DIR, where its socket would be".to_owned(),
        errors => format!("tried {}", errors.join(", ")),
    };
    eprintln!("no running agent answers: {tried}; start one, or set status.socket to where its socket is");
    exit::NOT_RUNNING
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no socket there".to_owned(),
        io::ErrorKind::ConnectionRefused => "left behind by an agent that has ended".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "not for this user: use sudo, or join the agent's group".to_owned()
        }
        _ => error.to_string(),
    }
}

fn as_json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has a JSON form")
}

fn as_text(report: &Report) -> String {
    let connection = &report.connection;
    let state = if connection.connected { "connected" } else { "not connected" };
    let mut connection_text =
        format!("{state} to {} for {}", connection.broker, span(connection.for_seconds));
    if connection.reconnects > 0 {
        connection_text += &format!(", {} reconnects", connection.reconnects);
    }
    if let Some(error) = &connection.last_error {
        connection_text += &format!(", last error: {error}");
    }
    let megabytes = |bytes: Option<u64>| {
        bytes.map_or("unknown".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6))
    };
    let cost = &report.cost;
    let rows = [
        ("device", report.device.to_string()),
        ("agent", format!("{}, process {}, up {}", report.version, report.pid, span(report.uptime_seconds))),
        (
            "samples",
            format!("every {} s, window {} s", seconds(report.interval_ms), seconds(report.window_ms)),
        ),
        ("config", format!("{}, reloaded {} times", report.config.path, report.config.reloads)),
        ("broker", connection_text),
        (
            "summaries",
            format!(
                "{} waiting in memory, {} on disk, {} dropped",
                report.waiting_in_memory, report.waiting_on_disk, report.dropped
            ),
        ),
        (
            "cost",
            format!(
                "{:.2} s of CPU, {:.3} % of a core, {} resident, {} its own",
                cost.cpu_seconds,
                cost.cpu_percent,
                megabytes(cost.rss_bytes),
                megabytes(cost.pss_bytes)
            ),
        ),
    ];
    let mut rows: Vec<Vec<String>> = rows.map(|(name, text)| vec![name.to_owned(), text]).into();
    rows.extend(report.config.problems.iter().map(|problem| vec!["refused".to_owned(), problem.clone()]));
    if !report.config.after_restart.is_empty() {
        let keys = report.config.after_restart.join(", ");
        rows.push(vec!["restart".to_owned(), format!("{keys}: changed, but only a restart takes it over")]);
    }
    let sensors = report.sensors.iter().map(|sensor| {
        let state = match (sensor.fault, sensor.for_seconds) {
            (Some(fault), Some(seconds)) => format!("fault: {fault} for {}", span(seconds)),
            _ => format!("well, {} metrics", sensor.metrics),
        };
        vec![format!("  {}", sensor.id), state]
    });
    let sensors: Vec<Vec<String>> = sensors.collect();
    format!("{}\nsensors\n{}", table(&rows), table(&sensors))
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// `3 d 4 h`, `2 h 5 min`, `7 min` or `12 s`.
fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_two_parts_at_most() {
        assert_eq!([59, 60, 7_500, 273_600].map(span), ["59 s", "1 min", "2 h 5 min", "3 d 4 h"]);
    }
}

//! From a device's message to somebody who reads the live stream.

use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Scene, path_of, row};
use crate::process::Process;
use crate::run;

const DEVICES: &str = "1000";

/// At 1,000 devices with a state each 5 s.
pub(super) fn to_a_reader(scene: &Scene<'_>, seconds: u32) -> anyhow::Result<String> {
    let hub = scene.hub(None)?;
    let url = format!("http://127.0.0.1:{}/api/v1/stream", hub.http);
    let until = (seconds + 5).to_string();
    let fleet =
        scene.fleet(hub.mqtt, &["--devices", DEVICES, "--connect-rate", "500", "--seconds", &until])?;
    // Connecting is another thing than living.
    scene.wait(Duration::from_secs(4))?;
    let arguments = ["--silent", "--no-buffer", &url];
    let (reader, output) = Process::read_from("curl", &mut run::command(&path_of("curl")?, arguments))?;
    let delays = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&delays);
    let thread = std::thread::spawn(move || {
        let mut of_state = false;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // A reader is first told what is known of each device, which is as old as it is.
            if let Some(event) = line.strip_prefix("event: ") {
                of_state = event == "state";
            } else if let Some(delay) = delay_ms(&line, wall_ms()).filter(|_| of_state) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
            }
        }
    });
    scene.wait(Duration::from_secs(seconds.into()))?;
    drop(reader);
    let _ = thread.join();
    scene.figures(fleet)?;
    let mut delays = std::mem::take(&mut *delays.lock().unwrap_or_else(PoisonError::into_inner));
    delays.sort_unstable();
    let at = |quantile: f64| {
        let place = ((delays.len() as f64 * quantile) as usize).min(delays.len().saturating_sub(1));
        delays.get(place).map_or("none".to_owned(), ToString::to_string)
    };
    Ok([
        row("device to a reader of the stream at 1,000 devices, p50, ms", &at(0.5)),
        row("  p99, ms", &at(0.99)),
        row("  the longest, ms", &at(1.0)),
        row("  states measured", &delays.len().to_string()),
    ]
    .concat())
}

/// How long ago the state in a line of the stream was made, if there is one.
fn delay_ms(line: &str, now_ms: i64) -> Option<i64> {
    let event: Value = serde_json::from_str(line.strip_prefix("data: ")?).ok()?;
    Some(now_ms - event.get("state")?.get("time_ms")?.as_i64()?)
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_states_have_a_delay() {
        let state = r#"data: {"device":"a","received_ms":5,"state":{"time_ms":1000,"now":{}}}"#;
        assert_eq!(delay_ms(state, 1007), Some(7));
        assert_eq!(delay_ms("data: {\"now_ms\":5}", 7), None);
        assert_eq!(delay_ms("event: state", 7), None);
    }
}

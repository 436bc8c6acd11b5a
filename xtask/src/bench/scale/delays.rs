//! How old a device's state is when it has come to somebody who reads the live stream.

use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::path_of;
use crate::process::Process;
use crate::run;

/// A reader of the stream of the hub on this machine.
pub(super) struct Reader {
    process: Process,
    thread: JoinHandle<()>,
    delays: Arc<Mutex<Vec<i64>>>,
}

/// What it read, in milliseconds.
pub(super) struct Delays(Vec<i64>);

impl Reader {
    pub(super) fn start(http: u16) -> anyhow::Result<Self> {
        let url = format!("http://127.0.0.1:{http}/api/v1/stream");
        let arguments = ["--silent", "--no-buffer", &url];
        let (process, output) = Process::read_from("curl", &mut run::command(&path_of("curl")?, arguments))?;
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
        Ok(Self { process, thread, delays })
    }

    pub(super) fn stop(self) -> Delays {
        let Self { process, thread, delays } = self;
        drop(process);
        let _ = thread.join();
        let mut delays = std::mem::take(&mut *delays.lock().unwrap_or_else(PoisonError::into_inner));
        delays.sort_unstable();
        Delays(delays)
    }
}

impl Delays {
    /// That of the state at this share of all, the fastest first.
    pub(super) fn at(&self, quantile: f64) -> String {
        let Self(delays) = self;
        let place = ((delays.len() as f64 * quantile) as usize).min(delays.len().saturating_sub(1));
        delays.get(place).map_or("none".to_owned(), ToString::to_string)
    }

    /// How many there are.
    pub(super) fn number(&self) -> usize {
        self.0.len()
    }
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

    #[test]
    fn a_quantile_is_one_of_the_delays() {
        let delays = Delays((1..=200).collect());
        assert_eq!([delays.at(0.5), delays.at(0.99), delays.at(1.0)], ["101", "199", "200"]);
        assert_eq!(Delays(Vec::new()).at(0.5), "none");
    }
}

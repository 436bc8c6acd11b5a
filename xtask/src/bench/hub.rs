//! Stands in for the hub: acknowledges every summary, as a hub does once it is on disk. Without that the
//! agent would rightly keep its summaries on disk, and write.

use std::io::{BufRead, BufReader};
use std::thread::JoinHandle;

use crate::process::Process;
use crate::run;

/// The id of the measured agent.
pub(super) const DEVICE: &str = "bench";

/// Acknowledges while it lives.
pub(super) struct Hub {
    subscriber: Process,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    pub(super) fn start(subscribe: &str, publish: &str, port: u16) -> anyhow::Result<Self> {
        let (port, publish) = (port.to_string(), publish.to_owned());
        let topic = format!("edgewise/{DEVICE}/summary");
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", &topic, "-F", "%p"];
        let (subscriber, output) =
            Process::read_from("mosquitto_sub", &mut run::command(subscribe, arguments))?;
        let thread = std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let Some(ack) = ack(&line) else { continue };
                let topic = format!("edgewise/{DEVICE}/ack");
                let arguments = ["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", &topic, "-m", &ack];
                // One that is lost is made good by the next.
                let _ = run::command(&publish, arguments).status();
            }
        });
        Ok(Self { subscriber, thread: Some(thread) })
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.subscriber.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The acknowledgement of a summary and all before it.
fn ack(summary: &str) -> Option<String> {
    let boot = summary.split_once("\"boot\":\"")?.1.split('"').next()?;
    let sequence = summary.split_once("\"sequence\":")?.1;
    let digits = sequence.find(|c: char| !c.is_ascii_digit())?;
    let sequence: u64 = sequence[..digits].parse().ok()?;
    Some(format!(r#"{{"version":1,"boot":"{boot}","sequence":{sequence},"missing":[]}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_acknowledged_by_boot_and_sequence() {
        let summary = r#"{"version":1,"sequence":17,"boot":"a-b","monotonic_ms":5,"mean":{}}"#;
        assert_eq!(ack(summary).as_deref(), Some(r#"{"version":1,"boot":"a-b","sequence":17,"missing":[]}"#));
        assert_eq!(ack("{}"), None);
    }
}

//! What the end-to-end tests stand on: the real programs, started and ended as a service manager would.
//!
//! The programs are taken from the directory that the tests were built into, so build them first:
//! `cargo build -p hub -p edge-agent`. `cargo xtask test` does.

mod agent;
mod hub;
mod listener;
mod mosquitto;
mod program;
mod prometheus;
mod sse;

pub use agent::Agent;
pub use hub::{Hub, HubOptions, stored_sequences};
pub use listener::{Listener, Message};
pub use mosquitto::Mosquitto;
pub use program::{Program, binary, free_port};
pub use prometheus::Prometheus;
pub use sse::Events;

use std::{
    io::Read,
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

/// How long anything that is meant to happen may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `probe` has an answer, and returns it.
///
/// # Panics
/// When it has none within [`PATIENCE`]; the message says what was waited for.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "in vain: waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the agent that listens at `socket` says of itself.
///
/// # Panics
/// When none does, or it answers with anything but JSON.
pub fn ask(socket: &Path) -> serde_json::Value {
    let mut stream = UnixStream::connect(socket).expect("an agent listens");
    let mut json = Vec::new();
    stream.read_to_end(&mut json).expect("it answers");
    serde_json::from_slice(&json).expect("it answers in JSON")
}

//! Waits until a server says by itself that it is ready.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::http;
use crate::process::Process;

/// Opening a store of months takes a while on a slow disk.
const WITHIN: Duration = Duration::from_secs(60);

pub(crate) enum Readiness {
    Ready,
    /// It ended before.
    Ended(ExitStatus),
    /// Whoever waits was asked to stop.
    Stopped,
}

/// Waits for a 200 from `/readyz` on this port of the loopback.
pub(crate) fn wait(server: &mut Process, port: u16, stop: impl Fn() -> bool) -> anyhow::Result<Readiness> {
    let deadline = Instant::now() + WITHIN;
    loop {
        if let Some(status) = server.ended()? {
            return Ok(Readiness::Ended(status));
        }
        if stop() {
            return Ok(Readiness::Stopped);
        }
        if http::status(port, "/readyz") == Some(200) {
            return Ok(Readiness::Ready);
        }
        if Instant::now() > deadline {
            bail!("the {} was not ready within {} s", server.name(), WITHIN.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

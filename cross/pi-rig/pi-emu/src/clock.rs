//! The guest's clocks.

use std::fs;
use std::process::Command;

/// Seconds since the guest was started, to a hundredth, as `CLOCK_BOOTTIME` counts them.
pub fn uptime() -> f64 {
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

/// Sets the wall clock, in whole seconds since 1970. As after any set clock, the kernel holds it for
/// unsynchronised from then on.
pub fn set(seconds: i64) -> Result<String, String> {
    let output = Command::new("date").args(["-u", "-s", &format!("@{seconds}")]).output();
    let output = output.map_err(|error| format!("date: {error}"))?;
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
    let said = said.trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// Tells the kernel, as a time daemon does, whether the wall clock is kept right.
#[allow(unsafe_code)] // The standard library has no adjtimex.
pub fn set_synchronised(kept: bool) -> Result<(), String> {
    // SAFETY: all-zero bytes are a valid `timex`, and the kernel reads and fills only that.
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        timex.modes = libc::ADJ_STATUS | libc::ADJ_MAXERROR | libc::ADJ_ESTERROR;
        timex.status = if kept { libc::STA_PLL } else { libc::STA_UNSYNC };
        // Microseconds; beyond 16 s the kernel would call the clock unsynchronised by itself.
        timex.maxerror = 10_000;
        libc::adjtimex(&raw mut timex)
    };
    if state == -1 { Err(std::io::Error::last_os_error().to_string()) } else { Ok(()) }
}

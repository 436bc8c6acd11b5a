//! Where the emulator says what it did: a serial line of the guest, or standard error.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::OnceLock;

static LOG: OnceLock<File> = OnceLock::new();

/// Writes to this file from now on.
pub fn open(path: &str) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if LOG.set(file).is_ok() {
        line(""); // A serial line may carry noise of its probing.
    }
    Ok(())
}

/// Writes one line. A log that cannot be written to is no reason to stop.
pub fn line(text: &str) {
    let _ = match LOG.get() {
        // In one piece, for several threads write.
        Some(mut file) => file.write_all(format!("{text}\n").as_bytes()),
        None => writeln!(io::stderr(), "{text}"),
    };
}

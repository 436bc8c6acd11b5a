//! How far a long command is, for who watches. A script sees nothing of it.

use std::{
    io::{IsTerminal, Write as _},
    path::Path,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(250);

/// A line on a terminal's error output that is written over.
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal() }
    }

    pub(super) fn show(&self, text: &str) {
        if self.shown {
            // Nobody is worse off when it cannot be written.
            let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
        }
    }

    /// Shows how a file grows towards `whole` bytes while `work` goes on.
    pub(super) fn watch<T>(&self, what: &str, file: &Path, whole: u64, work: impl FnOnce() -> T) -> T {
        let done = (Mutex::new(false), Condvar::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut over = done.0.lock().unwrap_or_else(PoisonError::into_inner);
                while !*over {
                    let bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
                    self.show(&format!("{what}: {} of about {}", megabytes(bytes), megabytes(whole)));
                    let waited = done.1.wait_timeout(over, EVERY);
                    over = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            });
            let result = work();
            *done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            done.1.notify_all();
            result
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

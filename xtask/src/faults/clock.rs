//! The machine's own time, and a wall clock that can be moved for one program alone.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the machine started: the time that agents put into summaries.
pub(super) fn now_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000
}

/// Where Debian puts libfaketime, by architecture.
pub(super) fn library() -> Option<PathBuf> {
    let name = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
    Some(PathBuf::from(name)).filter(|path| path.exists())
}

/// The wall clock of one program. Its monotonic time is left as it is, as a step of a real clock leaves it.
#[derive(Clone)]
pub(super) struct WallClock {
    library: PathBuf,
    /// What the library reads the offset from.
    offset: PathBuf,
    /// Seconds that have passed for the program alone.
    passed: Cell<i64>,
    /// Seconds of the present step.
    stepped: Cell<i64>,
}

impl WallClock {
    /// A clock that is right, kept in `offset`.
    pub(super) fn new(library: &Path, offset: PathBuf) -> anyhow::Result<Self> {
        let (passed, stepped) = Default::default();
        let clock = Self { library: library.to_owned(), offset, passed, stepped };
        clock.step(0)?;
        Ok(clock)
    }

    /// Sets it so many seconds ahead of where it would be.
    pub(super) fn step(&self, seconds: i64) -> anyhow::Result<()> {
        self.stepped.set(seconds);
        self.write()
    }

    /// Lets an hour pass for the program.
    pub(super) fn let_an_hour_pass(&self) -> anyhow::Result<()> {
        self.passed.set(self.passed.get() + 3600);
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let seconds = self.passed.get() + self.stepped.get();
        // Renamed into place: the program never reads half a number.
        let new = self.offset.with_extension("new");
        fs::write(&new, format!("{seconds:+}\n"))
            .and_then(|()| fs::rename(&new, &self.offset))
            .with_context(|| format!("cannot write {}", self.offset.display()))
    }

    /// Gives a program this clock.
    pub(super) fn wear(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.offset)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}

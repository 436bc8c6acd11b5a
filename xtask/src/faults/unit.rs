//! A program that is broken and started again.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::clock;
use crate::process::Process;

/// How long a program may take to end after SIGTERM, stopping to write to a full disk included.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon a program that ended by itself is started again, as a service manager would.
const AGAIN: Duration = Duration::from_millis(500);

/// A program of the stage.
pub(super) struct Unit {
    name: &'static str,
    /// Its logs: this with the number of the start behind it.
    log: PathBuf,
    make: Box<dyn Fn() -> Command>,
    process: Option<Process>,
    starts: usize,
    wanted: bool,
    sent: Option<(How, Instant, u64)>,
    not_before: Instant,
}

/// Why a program is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// `kill -9` of ours.
    Killed,
    /// It was asked to, by SIGTERM.
    Asked,
    /// Nobody wanted that.
    Fell,
}

/// A program that is gone.
pub(super) struct Gone {
    pub(super) how: How,
    pub(super) status: ExitStatus,
    /// When it was sent the signal, or was found gone, in milliseconds of the machine's own time.
    pub(super) at_ms: u64,
    pub(super) log: PathBuf,
    /// It was asked to end, did not, and was killed.
    pub(super) overdue: bool,
}

impl Unit {
    /// A program that is not started yet.
    pub(super) fn new(name: &'static str, log: PathBuf, make: impl Fn() -> Command + 'static) -> Self {
        Self {
            name,
            log,
            make: Box::new(make),
            process: None,
            starts: 0,
            wanted: false,
            sent: None,
            not_before: Instant::now(),
        }
    }

    /// It is to run, from the next look on.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// `kill -9`; it stays away until it is wanted again.
    pub(super) fn kill(&mut self) {
        self.send(How::Killed, Signal::KILL);
    }

    /// SIGTERM; it stays away until it is wanted again.
    pub(super) fn ask_to_end(&mut self) {
        self.send(How::Asked, Signal::TERM);
    }

    /// Another signal than SIGTERM that asks it to end; it stays away until it is wanted again.
    pub(super) fn ask_to_end_by(&mut self, signal: Signal) {
        self.send(How::Asked, signal);
    }

    fn send(&mut self, how: How, signal: Signal) {
        self.wanted = false;
        if let Some(process) = &self.process {
            self.sent = Some((how, Instant::now(), clock::now_ms()));
            process.signal(signal);
        }
    }

    /// Holds it still, or lets it go on.
    pub(super) fn hold(&self, still: bool) {
        if let Some(process) = &self.process {
            process.signal(if still { Signal::STOP } else { Signal::CONT });
        }
    }

    /// The id of its process.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Whether there is a process.
    pub(super) fn is_there(&self) -> bool {
        self.process.is_some()
    }

    /// The log of the last start.
    pub(super) fn log(&self) -> PathBuf {
        numbered(&self.log, self.starts)
    }

    /// The logs of all starts.
    pub(super) fn logs(&self) -> impl Iterator<Item = PathBuf> {
        (1..=self.starts).map(|number| numbered(&self.log, number))
    }

    /// Starts it if it should run, and tells if it is gone. What has gone is started at the next look, so
    /// that its traces can be read before.
    pub(super) fn look(&mut self) -> anyhow::Result<Option<Gone>> {
        let Some(process) = &mut self.process else {
            if self.wanted && Instant::now() >= self.not_before {
                self.starts += 1;
                self.process = Some(Process::log_to(self.name, &mut (self.make)(), &self.log())?);
            }
            return Ok(None);
        };
        let overdue = matches!(&self.sent, Some((How::Asked, at, _)) if at.elapsed() > PATIENCE);
        if overdue {
            process.signal(Signal::KILL);
        }
        let status = if overdue { Some(process.wait()?) } else { process.ended()? };
        let Some(status) = status else { return Ok(None) };
        self.process = None;
        let (how, at_ms) = match self.sent.take() {
            Some((how, _, at_ms)) => (how, at_ms),
            None => {
                self.not_before = Instant::now() + AGAIN;
                (How::Fell, clock::now_ms())
            }
        };
        Ok(Some(Gone { how, status, at_ms, log: self.log(), overdue }))
    }
}

fn numbered(log: &Path, number: usize) -> PathBuf {
    log.with_extension(format!("{number}.log"))
}

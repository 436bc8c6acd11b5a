//! The spool behind a thread: a card that takes seconds to write must hold up nothing.

use super::outbox::Parcel;
use crate::spool::{Spool, SpoolError, Taken};
use std::{path::PathBuf, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// How the spool is configured.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// Where it is.
    pub directory: PathBuf,
    /// Most bytes of all its files.
    pub cap_bytes: u64,
    /// How long a summary waits in memory for its acknowledgement.
    pub after: Duration,
}

/// The spool, which does one thing at a time.
pub(super) struct Disk {
    settings: SpoolSettings,
    /// None while a job has it, or when it cannot be opened.
    spool: Option<Spool>,
    job: Option<JoinHandle<(Option<Spool>, Done)>>,
}

/// Something for the spool to do.
pub(super) enum Job {
    /// Find what an earlier run has left.
    Open,
    /// Keep these.
    Store(Vec<Parcel>),
    /// Give the oldest file.
    Take,
    /// Forget the file with this number.
    Remove(u64),
}

/// What became of a job.
pub(super) enum Done {
    /// It is open, or not.
    Opened(Result<(), SpoolError>),
    /// They are on disk; or they are not and come back.
    Stored(Result<usize, (SpoolError, Vec<Parcel>)>),
    /// The oldest file, if there is one.
    Taken(Option<Taken>),
    /// The file is gone.
    Removed,
}

impl Disk {
    /// A spool that is not open yet.
    pub(super) fn new(settings: SpoolSettings) -> Self {
        Self { settings, spool: None, job: None }
    }

    /// Whether a job can be started.
    pub(super) fn is_idle(&self) -> bool {
        self.job.is_none()
    }

    /// Summaries that wait in it, as far as it is open and idle.
    pub(super) fn waiting(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spool::waiting)
    }

    /// Summaries that it had to drop for want of room; `None` while it works.
    pub(super) fn dropped(&self) -> Option<u64> {
        self.spool.as_ref().map(Spool::dropped)
    }

    /// Starts a job. It must be idle.
    pub(super) fn start(&mut self, job: Job) {
        debug_assert!(self.is_idle(), "one thing at a time");
        let (spool, settings) = (self.spool.take(), self.settings.clone());
        self.job = Some(tokio::task::spawn_blocking(move || perform(spool, &settings, job)));
    }

    /// Waits for the job to end, for ever if there is none. May be given up and asked again.
    pub(super) async fn done(&mut self) -> Done {
        let Some(job) = &mut self.job else { return std::future::pending().await };
        let ended = job.await;
        self.job = None;
        match ended {
            Ok((spool, done)) => {
                self.spool = spool;
                done
            }
            // Only a panic ends a job so, and then the process.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The same, but not for ever.
    pub(super) async fn done_within(&mut self, patience: Duration) -> Option<Done> {
        timeout(patience, self.done()).await.ok()
    }
}

fn perform(spool: Option<Spool>, settings: &SpoolSettings, job: Job) -> (Option<Spool>, Done) {
    // Also later: a card may be mounted after the agent has started.
    let opened = match spool {
        Some(spool) => Ok(spool),
        None => Spool::open(&settings.directory, settings.cap_bytes),
    };
    match (opened, job) {
        (Ok(spool), Job::Open) => (Some(spool), Done::Opened(Ok(()))),
        (Ok(mut spool), Job::Store(parcels)) => {
            let entries =
                parcels.iter().map(|parcel| (&parcel.boot, parcel.sequence, parcel.json.as_slice()));
            let stored = match spool.append(entries) {
                Ok(()) => Ok(parcels.len()),
                Err(error) => Err((error, parcels)),
            };
            (Some(spool), Done::Stored(stored))
        }
        (Ok(mut spool), Job::Take) => {
            let taken = spool.take_oldest();
            (Some(spool), Done::Taken(taken))
        }
        (Ok(mut spool), Job::Remove(number)) => {
            spool.remove(number);
            (Some(spool), Done::Removed)
        }
        (Err(error), Job::Store(parcels)) => (None, Done::Stored(Err((error, parcels)))),
        (Err(error), Job::Open) => (None, Done::Opened(Err(error))),
        (Err(_), Job::Take) => (None, Done::Taken(None)),
        (Err(_), Job::Remove(_)) => (None, Done::Removed),
    }
}

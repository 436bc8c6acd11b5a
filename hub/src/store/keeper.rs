//! The thread that keeps the store small.

use super::{Keep, StoreError, Upkeep};
use crate::clock;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, RecvTimeoutError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// How long after the start it begins, unless it rests shorter: agents that come back go first.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// Shortest rest between two parts. It rests as long as it worked, so that it takes half of one core and half of
/// the disk at most.
const BREATH: Duration = Duration::from_millis(2);

/// The running keeper.
#[derive(Debug)]
pub struct Keeper {
    thread: JoinHandle<()>,
    stop: mpsc::Sender<()>,
}

impl Keeper {
    /// Starts the thread, which rests for `pause` when nothing is due, or something failed. `keep` is asked before each
    /// part, so what is kept may change.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        mut upkeep: Box<dyn Upkeep>,
        keep: impl Fn() -> Keep + Send + 'static,
        pause: Duration,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("store-keeper".to_owned()).spawn(move || {
            let (mut rest, mut failing) = (FIRST_AFTER.min(pause), false);
            while stopped.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
                let start = Instant::now();
                // What breaks on one chunk must not end the upkeep of all others unseen.
                let step = AssertUnwindSafe(|| upkeep.step(&keep(), clock::now_ms()));
                let result = catch_unwind(step).unwrap_or_else(|_| {
                    Err(StoreError::Failed("a part of its upkeep panicked, please report it".to_owned()))
                });
                rest = match result {
                    Ok(more) => {
                        failing = false;
                        if more { start.elapsed().max(BREATH) } else { pause }
                    }
                    Err(error) => {
                        // Nothing is lost by it: rows and old chunks stay where they are.
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!("the history is not packed for now: {error}");
                        }
                        pause
                    }
                };
            }
        })?;
        Ok(Self { thread, stop })
    }

    /// Ends it after the part that it is at.
    pub async fn stop(self) {
        drop(self.stop);
        let thread = self.thread;
        // It returns nothing, and what it did not finish is done next time.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

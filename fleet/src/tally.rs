//! What the whole fleet has done.

use hdrhistogram::Histogram;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Counts, shared by all devices.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) connected: AtomicU32,
    /// Connections that broke or were refused, other than by our own outages.
    pub(crate) broken: AtomicU64,
    pub(crate) states: AtomicU64,
    /// States that found no room on their way to the socket.
    pub(crate) states_dropped: AtomicU64,
    pub(crate) made: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) sent_again: AtomicU64,
    drained: AtomicU32,
    changed: Notify,
    /// Milliseconds from the first sending of a summary to its acknowledgement.
    waits: Mutex<Histogram<u64>>,
}

impl Default for Tally {
    fn default() -> Self {
        let ten_minutes = 600_000;
        let waits =
            Histogram::new_with_max(ten_minutes, 2).expect("two digits up to ten minutes can be counted");
        Self {
            connected: AtomicU32::default(),
            broken: AtomicU64::default(),
            states: AtomicU64::default(),
            states_dropped: AtomicU64::default(),
            made: AtomicU64::default(),
            acknowledged: AtomicU64::default(),
            sent_again: AtomicU64::default(),
            drained: AtomicU32::default(),
            changed: Notify::new(),
            waits: Mutex::new(waits),
        }
    }
}

impl Tally {
    /// A summary was acknowledged, so long after it was sent first.
    pub(crate) fn acknowledge(&self, wait: Duration) {
        self.acknowledged.fetch_add(1, Relaxed);
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(ms);
    }

    /// A device has delivered all that had waited.
    pub(crate) fn drain(&self) {
        self.drained.fetch_add(1, Relaxed);
        self.changed.notify_one();
    }

    /// Waits until so many devices have.
    pub(crate) async fn all_drained(&self, devices: u32) {
        while self.drained.load(Relaxed) < devices {
            self.changed.notified().await;
        }
    }

    /// Milliseconds within which half and 99 of 100 summaries were acknowledged.
    pub(crate) fn waits_ms(&self) -> (u64, u64) {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        (waits.value_at_quantile(0.5), waits.value_at_quantile(0.99))
    }
}

//! What becomes of summaries until they are acknowledged: sent from memory, and when that takes too long,
//! kept on disk and sent from there.
//!
//! ```text
//!            fresh ones                     waited for too long, or the agent ends
//!  push ----> outbox (memory) ------------------------------------> spool (disk)
//!                |  ^ not written: back                                |  oldest file, one at a time
//!                v                                                     v
//!             summary, a minute each                       backlog, from a second outbox
//! ```
//!
//! A file is removed once all of it is acknowledged. As the next part of a file is sent only after the one
//! before was acknowledged, a large spool never crowds out live values.

use super::{
    disk::{Disk, Done, Job, SpoolSettings},
    outbox::{Outbox, Parcel},
};
use crate::spool::Taken;
use protocol::{Ack, BootId};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// Memory for summaries that the hub has not acknowledged: three and a half hours of 16 metrics.
const OUTBOX_BYTES: usize = 512 * 1024;
/// How long the hub may take to acknowledge before a summary is sent again.
const ACK_PATIENCE_MS: u64 = 30_000;
/// How long the disk may take at the end.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Whose acknowledgement lets a summary go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Acknowledged {
    /// The hub's, which it gives when a summary is on its disk.
    #[default]
    #[serde(rename = "hub")]
    ByHub,
    /// The broker's, where no hub listens.
    #[serde(rename = "broker")]
    ByBroker,
}

/// Keeps summaries until they are acknowledged.
pub(super) struct Delivery {
    outbox: Outbox,
    disk: Option<Disk>,
    after_ms: u64,
    /// Who has to acknowledge.
    by: Acknowledged,
    /// Slip of the next message, and what is in the messages that the broker has not acknowledged, where
    /// that counts.
    next_slip: u64,
    messages: BTreeMap<u64, Vec<(BootId, u64)>>,
    /// A file of the spool that is being sent.
    draining: Option<Draining>,
    /// Not before this monotonic time the disk is tried again.
    retry_ms: u64,
    /// Whether the disk's last word was an error, so that the log tells changes only.
    failing: bool,
    /// As last heard of the disk.
    dropped_on_disk: u64,
    /// Dropped or given up by outboxes that are no more.
    dropped_before: u64,
}

struct Draining {
    number: u64,
    outbox: Outbox,
}

impl Delivery {
    /// Nothing to deliver but what the spool may hold. Without a spool everything stays in memory.
    pub(super) fn new(spool: Option<SpoolSettings>) -> Self {
        let after = spool.as_ref().map_or(Duration::MAX, |spool| spool.after);
        let mut disk = spool.map(Disk::new);
        if let Some(disk) = &mut disk {
            disk.start(Job::Open);
        }
        Self {
            outbox: Outbox::new(OUTBOX_BYTES),
            disk,
            after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            by: Acknowledged::default(),
            next_slip: 0,
            messages: BTreeMap::new(),
            draining: None,
            retry_ms: 0,
            failing: false,
            dropped_on_disk: 0,
            dropped_before: 0,
        }
    }

    /// Says whose acknowledgement counts from now on.
    pub(super) fn acknowledged(&mut self, by: Acknowledged) {
        self.by = by;
    }

    /// Takes a summary in.
    pub(super) fn push(&mut self, boot: BootId, sequence: u64, json: Vec<u8>, now_ms: u64) {
        self.outbox.push(Parcel::new(boot, sequence, json, now_ms));
    }

    /// Takes the hub's word.
    pub(super) fn acknowledge(&mut self, ack: &Ack, now_ms: u64) {
        for outbox in self.outboxes() {
            let before = outbox.refused();
            outbox.acknowledge(ack, now_ms, ACK_PATIENCE_MS);
            let refused = outbox.refused() - before;
            if refused > 0 {
                tracing::warn!(
                    summaries = refused,
                    "the hub never acknowledges these although it does others: given up; its log says why"
                );
            }
        }
    }

    /// The broker has taken over the message with this slip.
    pub(super) fn taken_over(&mut self, slip: u64) {
        let Some(summaries) = self.messages.remove(&slip) else { return };
        for outbox in self.outboxes() {
            outbox.remove(&summaries);
        }
    }

    /// The slip for the next message, where the broker's acknowledgement counts.
    pub(super) fn slip(&self) -> Option<u64> {
        (self.by == Acknowledged::ByBroker).then_some(self.next_slip)
    }

    /// The connection is new: what the old one carried may be lost.
    pub(super) fn resend_all(&mut self) {
        self.messages.clear();
        self.outboxes().for_each(Outbox::resend_all);
    }

    fn outboxes(&mut self) -> impl Iterator<Item = &mut Outbox> {
        self.draining.iter_mut().map(|draining| &mut draining.outbox).chain([&mut self.outbox])
    }

    /// The summaries that should be sent next, in one message. Those on disk are older and go first, but
    /// one message at a time; fresh ones do not wait for them.
    pub(super) fn due(&self, most: usize, limit_bytes: usize) -> Vec<&Parcel> {
        if let Some(Draining { outbox, .. }) = &self.draining {
            let due = outbox.due(most, limit_bytes);
            if !due.is_empty() && !outbox.is_under_way() {
                return due;
            }
        }
        self.outbox.due(most, limit_bytes)
    }

    /// Notes that what was [due](Self::due) is on its way, with the [slip](Self::slip) of that moment.
    pub(super) fn mark_sent(&mut self, number: usize, now_ms: u64) {
        if self.by == Acknowledged::ByBroker {
            let due = self.due(number, usize::MAX).into_iter();
            let summaries = due.map(|parcel| (parcel.boot.clone(), parcel.sequence)).collect();
            self.messages.insert(self.next_slip, summaries);
            self.next_slip += 1;
        }
        if let Some(Draining { outbox, .. }) = &mut self.draining
            && !outbox.is_under_way()
            && !outbox.due(1, 0).is_empty()
        {
            return outbox.mark_sent(number, now_ms);
        }
        self.outbox.mark_sent(number, now_ms);
    }

    /// Gives the disk what it has to do, if anything. `connected` says whether there is a point in reading.
    pub(super) fn use_disk(&mut self, connected: bool, now_ms: u64) {
        let Some(disk) = self.disk.as_mut().filter(|disk| disk.is_idle()) else { return };
        if let Some(done) = self.draining.take_if(|draining| draining.outbox.is_empty()) {
            self.dropped_before += done.outbox.refused();
            return disk.start(Job::Remove(done.number));
        }
        let waits =
            self.outbox.oldest_ms().is_some_and(|oldest| now_ms.saturating_sub(oldest) >= self.after_ms);
        if waits && now_ms >= self.retry_ms {
            return disk.start(Job::Store(self.outbox.take_all()));
        }
        if connected && self.draining.is_none() && disk.waiting() > 0 {
            disk.start(Job::Take);
        }
    }

    /// Waits until the disk has done something, for ever if it has nothing to do.
    pub(super) async fn disk_done(&mut self) -> Done {
        match &mut self.disk {
            Some(disk) => disk.done().await,
            None => std::future::pending().await,
        }
    }

    /// Takes note of what the disk has done.
    pub(super) fn take_note(&mut self, done: Done, now_ms: u64) {
        match done {
            Done::Opened(Ok(())) => {
                let waiting = self.disk.as_ref().map_or(0, Disk::waiting);
                if waiting > 0 {
                    tracing::info!(summaries = waiting, "the spool holds summaries of before, they are sent");
                }
            }
            Done::Opened(Err(error)) => {
                self.failing = true;
                tracing::warn!("{error}; until then summaries wait in memory only");
            }
            Done::Stored(Ok(summaries)) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the spool can be written again");
                }
                tracing::info!(summaries, "not acknowledged for long: kept on disk");
            }
            Done::Stored(Err((error, parcels))) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!("{error}; until then summaries wait in memory only");
                }
                self.outbox.put_back(parcels);
                self.retry_ms = now_ms.saturating_add(self.after_ms);
            }
            Done::Taken(Some(Taken { number, entries })) => {
                let mut outbox = Outbox::new(usize::MAX);
                for entry in entries {
                    outbox.push(Parcel::new(entry.boot, entry.sequence, entry.json, now_ms));
                }
                self.draining = Some(Draining { number, outbox });
            }
            Done::Taken(None) | Done::Removed => {}
        }
        if let Some(dropped) = self.disk.as_ref().and_then(Disk::dropped)
            && dropped > self.dropped_on_disk
        {
            tracing::warn!(
                summaries = dropped - self.dropped_on_disk,
                "the spool is full: its oldest summaries are dropped; spool.megabytes sets its size"
            );
            self.dropped_on_disk = dropped;
        }
    }

    /// Puts on disk what is only in memory, because the agent ends. Returns how many summaries are lost.
    pub(super) async fn save(&mut self) -> usize {
        let Some(disk) = &mut self.disk else { return self.outbox.len() };
        if !disk.is_idle() {
            match disk.done_within(LAST_WRITE).await {
                Some(Done::Stored(Err((_, parcels)))) => self.outbox.put_back(parcels),
                Some(_) => {}
                None => return self.outbox.len(),
            }
        }
        if self.outbox.is_empty() {
            return 0;
        }
        let parcels = self.outbox.take_all();
        let number = parcels.len();
        disk.start(Job::Store(parcels));
        match disk.done_within(LAST_WRITE).await {
            Some(Done::Stored(Ok(_))) => 0,
            Some(Done::Stored(Err((error, _)))) => {
                tracing::warn!("{error}");
                number
            }
            _ => number,
        }
    }

    /// Whether nothing in memory waits for an acknowledgement.
    pub(super) fn memory_is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Summaries that wait for their acknowledgement in memory, and on disk; `None` while the disk works.
    pub(super) fn waiting(&self) -> (usize, Option<u64>) {
        let on_disk = match &self.disk {
            Some(disk) => disk.is_idle().then(|| disk.waiting()),
            None => Some(0),
        };
        (self.outbox.len(), on_disk)
    }

    /// Summaries that were dropped or given up.
    pub(super) fn dropped(&self) -> u64 {
        let draining = self.draining.as_ref().map_or(0, |draining| draining.outbox.refused());
        self.outbox.dropped() + self.outbox.refused() + self.dropped_on_disk + self.dropped_before + draining
    }
}

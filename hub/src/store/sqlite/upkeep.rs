//! What is done in the background, part by part: pack what is over, forget what is old.

use super::{
    Writing,
    chunks::Tier,
    pack::{self, Due},
    read::Readers,
    retain,
};
use crate::store::{
    Keep, StoreError, Upkeep,
    fold::{HOUR_MS, end_of, span_of},
};
use protocol::DeviceId;
use std::sync::Arc;

/// Goes through all devices again and again.
pub(super) struct Upkeeper {
    writing: Arc<Writing>,
    readers: Arc<Readers>,
    next: Part,
}

/// What comes next.
enum Part {
    Forget(Tier),
    /// Pack rows of the devices from this one on, by name.
    PackAfter(String),
}

impl Upkeeper {
    pub(super) fn new(writing: Arc<Writing>, readers: Arc<Readers>) -> Self {
        Self { writing, readers, next: Part::Forget(Tier::Minutes) }
    }

    fn forget(&self, tier: Tier, kept_ms: Option<i64>, now_ms: i64) -> Result<bool, StoreError> {
        let Some(kept_ms) = kept_ms else { return Ok(false) };
        Ok(retain::forget(&self.writing, tier, now_ms.saturating_sub(kept_ms))? > 0)
    }

    /// Packs rows of the first device after `after` that has some; returns where to go on.
    fn pack(&self, after: &str, due: &Due) -> Result<Option<String>, StoreError> {
        self.readers.with(|reading| {
            let Some(device) = pack::next_device(reading, after)? else { return Ok(None) };
            let id: DeviceId = device
                .parse()
                .map_err(|error| StoreError::Failed(format!("device {device:?} in it: {error}")))?;
            let packed = match pack::pack(reading, &self.writing, &id, due) {
                Err(StoreError::Damaged(error)) => {
                    // Its summaries stay as they are; the other devices need not suffer from it.
                    tracing::error!(%device, "its summaries cannot be packed: {error}; see `hub doctor`");
                    0
                }
                packed => packed?,
            };
            // As long as there are rows the same device is asked again.
            Ok(Some(if packed > 0 { after.to_owned() } else { device }))
        })
    }
}

impl Upkeep for Upkeeper {
    fn step(&mut self, keep: &Keep, now_ms: i64) -> Result<bool, StoreError> {
        let settled_ms = now_ms.saturating_sub(keep.settle_ms);
        // The end of the last hour that is over and settled.
        let ended_ms = end_of(span_of(settled_ms.saturating_add(1), HOUR_MS) - 1, HOUR_MS);
        let next = match &self.next {
            Part::Forget(tier) => {
                let (kept_ms, next) = match tier {
                    Tier::Minutes => (keep.minutes_ms, Part::Forget(Tier::Hours)),
                    Tier::Hours => (keep.hours_ms, Part::PackAfter(String::new())),
                };
                if self.forget(*tier, kept_ms, now_ms)? { None } else { Some(next) }
            }
            Part::PackAfter(device) => {
                let Some(after) = self.pack(device, &Due { ended_ms, received_ms: settled_ms })? else {
                    self.next = Part::Forget(Tier::Minutes);
                    return Ok(false);
                };
                Some(Part::PackAfter(after))
            }
        };
        if let Some(next) = next {
            self.next = next;
        }
        Ok(true)
    }
}

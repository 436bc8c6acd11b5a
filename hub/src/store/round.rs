//! What is done in the background, part by part: pack what is over, forget what is old.

use super::{
    Keep, StoreError, Upkeep,
    fold::{HOUR_MS, end_of, span_of},
    packing::Due,
    tier::Tier,
};
use protocol::DeviceId;

/// Most chunks that are forgotten at once: about a megabyte.
pub(super) const MAX_CHUNKS: i64 = 200;

/// The single parts, as a store does them.
pub(super) trait Parts: Send {
    /// Forgets some chunks of a tier, those of spans before this one; returns how many.
    fn forget(&self, tier: Tier, before: i64) -> Result<usize, StoreError>;

    /// The first device after this one, by name, that has rows.
    fn next_device(&self, after: &str) -> Result<Option<String>, StoreError>;

    /// Packs some rows of a device; returns how many. Only one at a time may do so.
    fn pack(&self, device: &DeviceId, due: &Due) -> Result<usize, StoreError>;
}

/// Goes through all devices again and again.
pub(super) struct Round<P> {
    parts: P,
    next: Part,
}

/// What comes next.
enum Part {
    Forget(Tier),
    /// Pack rows of the devices from this one on, by name.
    PackAfter(String),
}

impl<P: Parts> Round<P> {
    pub(super) fn new(parts: P) -> Self {
        Self { parts, next: Part::Forget(Tier::Minutes) }
    }

    fn forget(&self, tier: Tier, kept_ms: Option<i64>, now_ms: i64) -> Result<bool, StoreError> {
        let Some(kept_ms) = kept_ms else { return Ok(false) };
        Ok(self.parts.forget(tier, tier.span_of(now_ms.saturating_sub(kept_ms)))? > 0)
    }

    /// Packs rows of the first device after `after` that has some; returns where to go on.
    fn pack(&self, after: &str, due: &Due) -> Result<Option<String>, StoreError> {
        let Some(device) = self.parts.next_device(after)? else { return Ok(None) };
        let id: DeviceId = device
            .parse()
            .map_err(|error| StoreError::Failed(format!("device {device:?} in it: {error}")))?;
        let packed = match self.parts.pack(&id, due) {
            Err(StoreError::Damaged(error)) => {
                // Its summaries stay as they are; the other devices need not suffer from it.
                tracing::error!(%device, "its summaries cannot be packed: {error}; see `hub doctor`");
                0
            }
            packed => packed?,
        };
        // As long as there are rows the same device is asked again.
        Ok(Some(if packed > 0 { after.to_owned() } else { device }))
    }
}

impl<P: Parts> Upkeep for Round<P> {
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

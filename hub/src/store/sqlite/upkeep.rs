//! What is done in the background.

use super::{Writing, chunks::Tier, pack, read::Readers, retain};
use crate::store::{StoreError, packing::Due, round::Parts};
use protocol::DeviceId;
use std::sync::Arc;

/// Reads on connections of its own, and takes turns with who else writes.
pub(super) struct Upkeeper {
    pub(super) writing: Arc<Writing>,
    pub(super) readers: Arc<Readers>,
}

impl Parts for Upkeeper {
    fn forget(&self, tier: Tier, before: i64) -> Result<usize, StoreError> {
        retain::forget(&self.writing, tier, before)
    }

    fn next_device(&self, after: &str) -> Result<Option<String>, StoreError> {
        self.readers.with(|reading| Ok(pack::next_device(reading, after)?))
    }

    fn pack(&self, device: &DeviceId, due: &Due) -> Result<usize, StoreError> {
        self.readers.with(|reading| pack::pack(reading, &self.writing, device, due))
    }
}

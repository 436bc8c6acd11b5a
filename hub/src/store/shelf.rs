//! What packing, reading and importing need of a database, so that they are written once for all stores.

use super::{Point, Span, StoreError, tier::Tier};
use protocol::{DeviceId, MetricName};

/// The number of a chunk's span, and its points, compressed.
pub(super) type Chunk = (i64, Vec<u8>);

/// A chunk to be written.
pub(super) struct Packed {
    pub(super) metric: MetricName,
    pub(super) tier: Tier,
    pub(super) span: i64,
    /// Compressed.
    pub(super) points: Vec<u8>,
}

/// A store's tables within one transaction.
pub(super) trait Shelf {
    /// The points of some metrics of a device that are not packed yet, each in the order of time.
    fn fresh(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Vec<Point>>, StoreError>;

    /// Numbers of the first and the last span of a tier that there are chunks of.
    fn bounds(&mut self, tier: Tier) -> Result<Option<(i64, i64)>, StoreError>;

    /// Those chunks of some metrics of a device that are there, each in the order of time.
    fn chunks(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        tier: Tier,
        spans: &[i64],
    ) -> Result<Vec<Vec<Chunk>>, StoreError>;

    /// Since when summaries are kept one by one; `None` when none was ever forgotten.
    fn minutes_since_ms(&mut self) -> Result<Option<i64>, StoreError>;

    /// Writes chunks of a device in place of those that were there, if there were any.
    fn save(&mut self, device: &DeviceId, chunks: &[Packed]) -> Result<(), StoreError>;
}

//! Packing: points that are rows become parts of chunks, of minutes and of hours.

use super::{
    Point, StoreError, chunk,
    fold::{self, end_of},
    shelf::{Packed, Shelf},
    tier::Tier,
};
use protocol::{DeviceId, MetricName};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows that are packed at once, a day of minutes and some.
pub(super) const MAX_ROWS: usize = 1600;
/// Most bytes of them: beyond, fewer rows are.
pub(super) const MAX_BYTES: usize = 8 << 20;

/// Which rows are due.
pub(super) struct Due {
    /// Those of windows that ended at this time or before.
    pub(super) ended_ms: i64,
    /// Of these, the ones that came at this time or before.
    pub(super) received_ms: i64,
}

/// The points of rows, by metric.
pub(super) type Fresh = BTreeMap<MetricName, Vec<Point>>;

/// The chunks of a device as they are once these points are in them.
pub(super) fn pack(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    fresh: &Fresh,
) -> Result<Vec<Packed>, StoreError> {
    let since_ms = shelf.minutes_since_ms()?.unwrap_or(i64::MIN);
    let mut chunks = add(shelf, device, fresh, Tier::Minutes, since_ms)?;
    chunks.extend(add(shelf, device, fresh, Tier::Hours, since_ms)?);
    Ok(chunks)
}

/// The chunks of one tier with points added. Minutes from before `since_ms` are left out: only the hours of that time are
/// kept.
pub(super) fn add(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    fresh: &Fresh,
    tier: Tier,
    since_ms: i64,
) -> Result<Vec<Packed>, StoreError> {
    let gone = |span: i64| tier == Tier::Minutes && end_of(span, tier.span_ms()) <= since_ms;
    let mut by_metric: Vec<_> =
        fresh.iter().map(|(metric, points)| (metric, by_span(points, tier))).collect();
    by_metric.iter_mut().for_each(|(_, spans)| spans.retain(|span, _| !gone(*span)));
    let spans: BTreeSet<i64> = by_metric.iter().flat_map(|(_, spans)| spans.keys().copied()).collect();
    let (metrics, spans): (Vec<_>, Vec<_>) = (fresh.keys().cloned().collect(), spans.into_iter().collect());
    let mut stored = shelf.chunks(device, &metrics, tier, &spans)?;
    let mut packed = Vec::new();
    for ((metric, spans), stored) in by_metric.into_iter().zip(&mut stored) {
        for (span, new) in spans {
            let at = stored.iter().position(|(number, _)| *number == span);
            let old = at.map_or(Ok(Vec::new()), |at| chunk::unpack(&stored[at].1))?;
            let points = match tier {
                Tier::Minutes => merged(old, new),
                Tier::Hours => fold::hours(&old, &new),
            };
            packed.push(Packed { metric: metric.clone(), tier, span, points: chunk::pack(&points)? });
        }
    }
    Ok(packed)
}

fn merged(mut points: Vec<Point>, new: Vec<Point>) -> Vec<Point> {
    points.extend(new);
    points.sort_by_key(|point| point.time_ms);
    points
}

/// Points by the chunk of a tier that they belong to.
fn by_span(points: &[Point], tier: Tier) -> BTreeMap<i64, Vec<Point>> {
    let mut spans: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
    for point in points {
        spans.entry(tier.span_of(point.time_ms)).or_default().push(*point);
    }
    spans
}

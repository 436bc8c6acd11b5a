//! Reading the history: chunks, and the rows that are not packed yet, as one.

use super::{
    Point, Series, Span, StoreError, chunk,
    fold::{HOUR_MS, Steps},
    shelf::{Chunk, Shelf},
    tier::Tier,
};
use protocol::{DeviceId, MetricName};

/// Reads the history of some metrics of a device, within one transaction: what is packed between two reads must not be
/// seen twice, or not at all.
pub(super) fn read(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    metrics: &[MetricName],
    span: &Span,
) -> Result<Vec<Series>, StoreError> {
    let fresh = shelf.fresh(device, metrics, span)?;
    let tier = match span.step_ms {
        Some(step_ms) if step_ms % HOUR_MS == 0 => Tier::Hours,
        _ => Tier::Minutes,
    };
    let spans = spans(shelf.bounds(tier)?, tier, span);
    let chunks = shelf.chunks(device, metrics, tier, &spans)?;
    let all = metrics.iter().zip(fresh).zip(chunks).map(|((metric, fresh), chunks)| {
        let packed = packed(device, metric, &chunks, span);
        Series { metric: metric.clone(), points: join(packed, fresh, span.step_ms) }
    });
    Ok(all.collect())
}

/// Those of the spans between two times that there can be chunks of.
fn spans(bounds: Option<(i64, i64)>, tier: Tier, span: &Span) -> Vec<i64> {
    let Some((first, last)) = bounds else { return Vec::new() };
    let asked = (tier.span_of(span.from_ms.saturating_add(1)), tier.span_of(span.to_ms));
    (first.max(asked.0)..=last.min(asked.1)).collect()
}

fn packed(device: &DeviceId, metric: &MetricName, chunks: &[Chunk], span: &Span) -> Vec<Point> {
    let mut points = Vec::new();
    for (_, chunk) in chunks {
        match chunk::unpack(chunk) {
            Ok(chunk) => points.extend(chunk),
            // A gap is a gap; the rest can still be read.
            Err(error) => {
                tracing::error!(%device, %metric, "a part of the history cannot be read: {error}; see `hub doctor`");
            }
        }
    }
    points.retain(|point| span.from_ms < point.time_ms && point.time_ms <= span.to_ms);
    points
}

fn join(packed: Vec<Point>, fresh: Vec<Point>, step_ms: Option<i64>) -> Vec<Point> {
    match step_ms {
        Some(step_ms) => {
            let mut steps = Steps::new(step_ms);
            packed.iter().chain(&fresh).for_each(|point| steps.add(point));
            steps.into_points()
        }
        None => {
            let mut points = packed;
            points.extend(fresh);
            points.sort_by_key(|point| point.time_ms);
            points
        }
    }
}

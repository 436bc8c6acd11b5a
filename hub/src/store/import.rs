//! Points from elsewhere, which go straight into chunks. What is there already stays as it is.

use super::{
    Point, Span, StoreError,
    fold::{HOUR_MS, end_of, span_of},
    history,
    packing::{self, Fresh},
    shelf::Shelf,
    tier::Tier,
};
use protocol::{DeviceId, MetricName};
use std::collections::BTreeSet;

/// What became of imported points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Points that are new.
    pub added: usize,
    /// Points whose time the metric has a point of.
    pub present: usize,
    /// Summaries of a time of which only hours are kept.
    pub outdated: usize,
}

/// A store that takes points from elsewhere, each of a time that the metric has none of.
pub trait Import {
    /// Adds summaries of a metric; their hours with them. Its device becomes one that is known.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing of it is there then.
    fn import_summaries(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError>;

    /// Adds hours of a metric that it has nothing of.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing of it is there then.
    fn import_hours(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError>;
}

pub(super) fn summaries(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    metric: &MetricName,
    points: &[Point],
) -> Result<Imported, StoreError> {
    let since_ms = shelf.minutes_since_ms()?.unwrap_or(i64::MIN);
    let (kept, outdated): (Vec<Point>, Vec<Point>) =
        points.iter().partition(|point| point.time_ms > since_ms);
    let present = times(shelf, device, metric, &kept, None)?;
    let new = unseen(&kept, present);
    let added = new.len();
    let fresh = Fresh::from([(metric.clone(), new)]);
    let chunks = packing::pack(shelf, device, &fresh)?;
    shelf.save(device, &chunks)?;
    Ok(Imported { added, present: kept.len() - added, outdated: outdated.len() })
}

pub(super) fn hours(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    metric: &MetricName,
    points: &[Point],
) -> Result<Imported, StoreError> {
    let whole = |point: &Point| Point { time_ms: end_of(span_of(point.time_ms, HOUR_MS), HOUR_MS), ..*point };
    let points: Vec<Point> = points.iter().map(whole).collect();
    let present = times(shelf, device, metric, &points, Some(HOUR_MS))?;
    let new = unseen(&points, present);
    let added = new.len();
    let fresh = Fresh::from([(metric.clone(), new)]);
    let chunks = packing::add(shelf, device, &fresh, Tier::Hours, i64::MIN)?;
    shelf.save(device, &chunks)?;
    Ok(Imported { added, present: points.len() - added, outdated: 0 })
}

/// The times of points that are there, between the first and the last that would come.
fn times(
    shelf: &mut impl Shelf,
    device: &DeviceId,
    metric: &MetricName,
    points: &[Point],
    step_ms: Option<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let all = points.iter().map(|point| point.time_ms);
    let (Some(first), Some(last)) = (all.clone().min(), all.max()) else { return Ok(BTreeSet::new()) };
    let span = Span { from_ms: first - step_ms.unwrap_or(1), to_ms: last, step_ms };
    let series = history::read(shelf, device, std::slice::from_ref(metric), &span)?;
    Ok(series.iter().flat_map(|series| &series.points).map(|point| point.time_ms).collect())
}

/// Those whose time is not there yet.
fn unseen(points: &[Point], mut present: BTreeSet<i64>) -> Vec<Point> {
    points.iter().filter(|point| present.insert(point.time_ms)).copied().collect()
}

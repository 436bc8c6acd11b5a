//! What a range of time was like, and how it differs from the one before.

use super::{
    DEFAULT_POINTS, Failure, RangeQuery, answer, body,
    plan::{Wish, up},
    query::{Figures, Query},
    view::{PointView, points},
};
use crate::{
    api::{Problem, Shared, devices::Known},
    clock,
    store::{
        Point, Read, Span,
        fold::{DAY_MS, HOUR_MS, Steps},
    },
};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use protocol::{DeviceId, MetricName};
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest range whose minutes are looked at one by one; of longer ones the hours are.
const MAX_MINUTES_MS: i64 = 93 * DAY_MS;

/// What is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the description of what Query reads")]
pub(crate) struct ReportQuery {
    /// Name of the metric.
    metric: String,
    /// Length of the steps of `points`, as in the history of a device.
    step: Option<String>,
    /// Most points.
    #[param(minimum = 1, maximum = 50000)]
    max_points: Option<u32>,
    /// Where the bands meet, ascending, with commas between: `50,75` when left out.
    bands: Option<String>,
}

/// A range of time of one metric of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportView {
    /// The device.
    device: String,
    /// Name of the metric.
    metric: String,
    /// Length of the steps of `points` in milliseconds; null when they are summaries as they came.
    step_ms: Option<i64>,
    /// The range. Where only hours are kept, and for more than three months, it is moved outwards to whole hours.
    range: RangeView,
    /// The range of equal length before it.
    previous: RangeView,
    /// Mean of the range less the mean of the one before; null when either has none.
    mean_change: Option<f64>,
    /// Lowest reading of the range; null when there is none.
    lowest: Option<PeakView>,
    /// Highest reading of the range; null when there is none.
    highest: Option<PeakView>,
    /// How the time with readings divides into bands, by the means of minutes or, where only those are kept, hours; from the lowest
    /// band up.
    bands: Vec<BandView>,
    /// The points of the range, in the order of time.
    points: Vec<PointView>,
}

/// What is known of one range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RangeView {
    /// Start, excluded, in milliseconds since 1970-01-01 UTC.
    from_ms: i64,
    /// End, included, in milliseconds since 1970-01-01 UTC.
    to_ms: i64,
    /// Mean over the time with readings; null when there are none.
    mean: Option<f64>,
    /// Number of readings.
    count: u64,
}

/// A reading that nothing surpassed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeakView {
    /// End of the first window that it is in, in milliseconds since 1970-01-01 UTC.
    time_ms: i64,
    /// The reading.
    value: f64,
}

/// A band of values. What is exactly on a border belongs to the band in the middle.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct BandView {
    /// Its lower end; null for the lowest.
    from: Option<f64>,
    /// Its upper end; null for the highest.
    to: Option<f64>,
    /// Share of the time with readings, from 0 to 1; null when there are no readings.
    share: Option<f64>,
}

/// What a metric was like in a range of time: mean and peaks, share of bands, and the range of equal length before.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/report",
    tag = "devices",
    operation_id = "get_report",
    params(("device" = String, Path, description = "Id of the device."), RangeQuery, ReportQuery),
    responses(
        (status = OK, description = "The report.", body = ReportView),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report(
    State(shared): State<Arc<Shared>>,
    Known { id, .. }: Known,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let names = ["metric", "from", "to", "from_ms", "to_ms", "step", "max_points", "bands"];
    let query = Query::parse(&query.unwrap_or_default(), &names)?;
    let metric = query.metric()?;
    let bounds = query.bands()?;
    let wish = query.wish(clock::now_ms(), DEFAULT_POINTS)?;
    answer(&shared, move |store| Ok(body(&read(store, id, metric, &wish, &bounds)?))).await
}

fn read(
    store: &dyn Read,
    device: DeviceId,
    metric: MetricName,
    wish: &Wish,
    bounds: &[f64],
) -> Result<ReportView, Failure> {
    let length_ms = wish.to_ms - wish.from_ms;
    let minutes_since_ms = store.minutes_since_ms()?;
    let before_ms = wish.from_ms.saturating_sub(length_ms);
    // Both ranges are read alike, or their means could not be compared.
    let hours = length_ms > MAX_MINUTES_MS || minutes_since_ms.is_some_and(|since_ms| before_ms < since_ms);
    let (mut wish, step_ms) = (*wish, hours.then_some(HOUR_MS));
    if hours {
        wish.from_ms = wish.from_ms.div_euclid(HOUR_MS) * HOUR_MS;
        wish.to_ms = up(wish.to_ms, HOUR_MS);
        wish.step_ms = wish.step_ms.map(|step_ms| up(step_ms, HOUR_MS));
    }
    let range = Span { from_ms: wish.from_ms, to_ms: wish.to_ms, step_ms };
    let before =
        Span { from_ms: range.from_ms - (range.to_ms - range.from_ms), to_ms: range.from_ms, step_ms };
    let metrics = [metric];
    let one = |span: &Span| -> Result<Vec<Point>, Failure> {
        let series = store.history(&device, &metrics, span)?;
        Ok(series.into_iter().next().map(|series| series.points).unwrap_or_default())
    };
    let (now, then) = (one(&range)?, one(&before)?);
    let (range, previous) = (summed(&range, &now), summed(&before, &then));
    let bands = bands(&now, bounds);
    let (lowest, highest) = (lowest(&now), highest(&now));
    let resolution = wish.resolve(hours.then_some(i64::MAX), now.len() > wish.max_points)?;
    let shown = match resolution.step_ms {
        None => now,
        Some(step_ms) => {
            let mut steps = Steps::new(step_ms);
            now.iter().for_each(|point| steps.add(point));
            steps.into_points()
        }
    };
    let [metric] = metrics;
    Ok(ReportView {
        device: device.into(),
        metric: metric.to_string(),
        step_ms: resolution.step_ms,
        mean_change: range.mean.zip(previous.mean).map(|(now, then)| now - then),
        range,
        previous,
        lowest,
        highest,
        bands,
        points: points(&shown, Figures::ALL),
    })
}

fn summed(span: &Span, points: &[Point]) -> RangeView {
    let mut whole = Steps::new(i64::MAX);
    points.iter().for_each(|point| whole.add(point));
    let whole = whole.into_points();
    RangeView {
        from_ms: span.from_ms,
        to_ms: span.to_ms,
        mean: whole.first().map(|point| point.mean),
        count: whole.first().map_or(0, |point| point.count),
    }
}

fn lowest(points: &[Point]) -> Option<PeakView> {
    let point = points.iter().min_by(|a, b| a.min.total_cmp(&b.min))?;
    Some(PeakView { time_ms: point.time_ms, value: point.min })
}

fn highest(points: &[Point]) -> Option<PeakView> {
    // The first of equals, which `max_by` would not give.
    let point = points.iter().min_by(|a, b| b.max.total_cmp(&a.max))?;
    Some(PeakView { time_ms: point.time_ms, value: point.max })
}

/// Share of each band. Readings come at a fixed interval, so their number stands for time.
fn bands(points: &[Point], bounds: &[f64]) -> Vec<BandView> {
    let middle = bounds.len() / 2;
    let mut counts = vec![0u64; bounds.len() + 1];
    for point in points {
        let below = |(index, bound): (usize, &f64)| {
            if index < middle { point.mean >= *bound } else { point.mean > *bound }
        };
        counts[bounds.iter().enumerate().take_while(|bound| below(*bound)).count()] += point.count;
    }
    let total: u64 = counts.iter().sum();
    let share = |count: u64| (total > 0).then(|| count as f64 / total as f64);
    let band = |(index, count): (usize, &u64)| BandView {
        from: index.checked_sub(1).map(|index| bounds[index]),
        to: bounds.get(index).copied(),
        share: share(*count),
    };
    counts.iter().enumerate().map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(time_ms: i64, mean: f64, count: u64) -> Point {
        Point { time_ms, mean, min: mean - 1.0, max: mean + 1.0, last: None, count, by_device: true }
    }

    #[test]
    fn time_divides_into_bands_by_readings() {
        let points = [(49.9, 1), (50.0, 2), (75.0, 3), (75.1, 10)];
        let points: Vec<Point> = points.into_iter().map(|(mean, count)| point(1, mean, count)).collect();
        let band = |from, to, share| BandView { from, to, share: Some(share) };
        let expected = [
            band(None, Some(50.0), 0.0625),
            band(Some(50.0), Some(75.0), 0.3125),
            band(Some(75.0), None, 0.625),
        ];
        assert_eq!(bands(&points, &[50.0, 75.0]), expected);
        assert_eq!(bands(&[], &[1.0])[0].share, None, "no readings, no share");
    }

    #[test]
    fn peaks_are_where_they_came_first() {
        let points = [point(1, 5.0, 1), point(2, 9.0, 1), point(3, 9.0, 1), point(4, 5.0, 1)];
        let told = |peak: Option<PeakView>| peak.map(|peak| (peak.time_ms, peak.value));
        assert_eq!(told(lowest(&points)), Some((1, 4.0)));
        assert_eq!(told(highest(&points)), Some((2, 10.0)));
        assert_eq!(told(highest(&[])), None);
    }
}

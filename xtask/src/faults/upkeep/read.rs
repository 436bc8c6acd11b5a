//! Reads what is there: by the hub's commands from a file, by its API while it runs.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::feed::{METRIC, device};
use super::record::{Figures, Found};
use crate::faults::export;
use crate::http;

/// All summaries of a store, and hours where there are no summaries.
pub(super) fn exported(data: &Path) -> anyhow::Result<Vec<Found>> {
    lines(data, METRIC)?
        .iter()
        .map(|line| found(line).with_context(|| format!("not understood: {line}")))
        .collect()
}

/// The lines of an export of one metric.
pub(super) fn lines(data: &Path, metric: &str) -> anyhow::Result<Vec<String>> {
    let output = export::hub(data, None, &["export", "--metric", metric])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("no device of the store is meant") {
        // Killed before anything came.
        return Ok(Vec::new());
    }
    if !output.status.success() {
        bail!("the store cannot be exported: {}", said.trim());
    }
    Ok(String::from_utf8(output.stdout)?.lines().skip(1).map(str::to_owned).collect())
}

/// `device,metric,time,window,mean,min,max,last,count,timed_by`
fn found(line: &str) -> Option<Found> {
    let fields: [&str; 10] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let [name, _, time, window, mean, min, max, _, count, _] = fields;
    Some(Found {
        device: name.strip_prefix("old-")?.parse().ok()?,
        time_ms: milliseconds(time)?,
        is_hour: window == "hour",
        figures: Figures {
            mean: mean.parse().ok()?,
            min: min.parse().ok()?,
            max: max.parse().ok()?,
            count: count.parse().ok()?,
        },
    })
}

/// `2026-11-21T12:30:00.000Z` as milliseconds since 1970-01-01 UTC; days by Howard Hinnant's `days_from_civil`.
fn milliseconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = (days * 24 + number(11, 13)?) * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    Some(seconds * 1000 + number(20, 23)?)
}

/// All hours of a device, as the API tells them.
pub(super) fn hours(port: u16, number: usize, from_ms: i64, to_ms: i64) -> anyhow::Result<Vec<Found>> {
    let query = format!("metric={METRIC}&from_ms={from_ms}&to_ms={to_ms}&step=1h");
    let path = format!("/api/v1/devices/{}/history?{query}", device(number));
    let body = match http::get(port, &path).with_context(|| format!("no answer: {path}"))? {
        (200, body) => body,
        // Nothing of it came before the hub was killed.
        (404, _) => return Ok(Vec::new()),
        (status, body) => bail!("{path} answers {status}: {body}"),
    };
    let body: Value = serde_json::from_str(&body)?;
    let points = body["series"][0]["points"].as_array().context("a history without points")?;
    let hour = |point: &Value| {
        let figure = |name: &str| point[name].as_f64();
        let (mean, min, max) = (figure("mean")?, figure("min")?, figure("max")?);
        let figures = Figures { mean, min, max, count: point["count"].as_u64()? };
        Some(Found { device: number, time_ms: point["time_ms"].as_i64()?, is_hour: true, figures })
    };
    points.iter().map(|point| hour(point).with_context(|| format!("not understood: {point}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_export_is_read() {
        let line = "old-1,fed_count,2024-10-04T00:01:00.250Z,hour,1.5,0.5,2.0,,12,device";
        let figures = Figures { mean: 1.5, min: 0.5, max: 2.0, count: 12 };
        let time_ms = 20_000 * 86_400_000 + 60_250;
        assert_eq!(found(line), Some(Found { device: 1, time_ms, is_hour: true, figures }));
        assert_eq!(milliseconds("2024-02-29T23:59:59.999Z"), Some(1_709_251_199_999));
        assert_eq!(milliseconds("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(found("old-1,fed_count"), None);
    }
}

//! What the hub's own commands read out of a store: points, which have no run and number any more. Their figures
//! tell which summary each was.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde_json::Value;

use super::account::{Key, Row, Source};
use super::journal::{Figures, Journal, METRIC};
use super::programs;
use crate::{http, run};

/// A line of an export.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) device: String,
    pub(super) figures: Figures,
}

/// All summaries of a store, packed or not.
pub(super) fn points(data: &Path, database: Option<&str>) -> anyhow::Result<Vec<Exported>> {
    // The hub's clock may have been far ahead.
    let output = hub(data, database, &["export", "--metric", METRIC, "--to", "2099-01-01T00:00:00Z"])?;
    if !output.status.success() {
        bail!("the store cannot be exported: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout)?;
    text.lines().skip(1).map(|line| point(line).with_context(|| format!("not understood: {line}"))).collect()
}

/// What `hub doctor` finds wrong; nothing if all is well.
pub(super) fn complaint_of_the_doctor(data: &Path, database: Option<&str>) -> anyhow::Result<Option<String>> {
    let output = hub(data, database, &["doctor"])?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((!output.status.success()).then(|| format!("hub doctor: {}", text.replace('\n', "; "))))
}

/// Runs a command of the hub on a store: the file in `data`, or a database by its address.
pub(super) fn hub(data: &Path, database: Option<&str>, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = run::command(&programs::binary("hub"), arguments);
    command.arg("--data").arg(data).env("NO_COLOR", "1");
    command.envs(database.map(|url| (programs::STORE_URL, url)));
    command.output().context("cannot run hub")
}

/// `device,metric,time,window,mean,min,max,last,count,timed_by`
fn point(line: &str) -> Option<Exported> {
    let fields: [&str; 10] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let [device, _, _, window, mean, min, max, last, count, _] = fields;
    if window != "summary" {
        return None;
    }
    let figures = [mean.parse().ok()?, min.parse().ok()?, max.parse().ok()?, last.parse().ok()?];
    Some(Exported { device: device.to_owned(), figures: Figures::new(figures, count.parse().ok()?) })
}

/// Readings in all hours of each device, as the API tells them.
pub(super) fn hours<'a>(
    port: u16,
    devices: impl Iterator<Item = &'a str>,
) -> anyhow::Result<BTreeMap<String, u64>> {
    // From well before the campaign to well after where the hub's clock may be.
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let (from_ms, to_ms) = (now_ms - 5 * 86_400_000, now_ms + 60 * 86_400_000);
    let mut hours = BTreeMap::new();
    for device in devices {
        let query = format!("metric={METRIC}&from_ms={from_ms}&to_ms={to_ms}&step=1h&aggregate=count");
        let path = format!("/api/v1/devices/{device}/history?{query}");
        let (200, body) = http::get(port, &path).with_context(|| format!("no answer: {path}"))? else {
            bail!("the hub refuses {path}");
        };
        let body: Value = serde_json::from_str(&body)?;
        let points = body["series"][0]["points"].as_array().context("a history without points")?;
        let counts: Option<Vec<u64>> = points.iter().map(|point| point["count"].as_u64()).collect();
        hours.insert(device.to_owned(), counts.context("an hour without a count")?.iter().sum());
    }
    Ok(hours)
}

/// Which summaries have which figures. Two with the same can be told apart by nothing, and count as either.
#[derive(Default)]
pub(super) struct Known(BTreeMap<(String, Figures), Vec<(Key, u64)>>);

impl Known {
    /// Takes in what an agent says that it made.
    pub(super) fn note(&mut self, source: &Source, journal: &Journal) {
        for (sequence, figures) in &journal.figures {
            let made_ms = journal.made.get(sequence).copied().unwrap_or_default();
            let keys = self.0.entry((source.device.clone(), *figures)).or_default();
            keys.push(((source.clone(), *sequence), made_ms));
        }
    }

    /// Those of the points that are not `rows`, as what they are by their figures; and rows that are no point.
    pub(super) fn packed(
        &self,
        points: Vec<Exported>,
        rows: &[Row],
    ) -> (Vec<Row>, impl Iterator<Item = Key> + use<>) {
        let mut left: BTreeMap<(String, Figures), u64> = BTreeMap::new();
        for point in points {
            *left.entry((point.device, point.figures)).or_default() += 1;
        }
        let mut unread = Vec::new();
        let mut in_rows: BTreeMap<Key, (String, Figures)> = BTreeMap::new();
        for ((device, figures), keys) in &self.0 {
            in_rows.extend(keys.iter().map(|(key, _)| (key.clone(), (device.clone(), *figures))));
        }
        for row in rows {
            // A summary without the metric cannot be followed.
            let Some(figures) = in_rows.get(&row.key) else { continue };
            match left.get_mut(figures) {
                Some(number) if *number > 0 => *number -= 1,
                _ => unread.push(row.key.clone()),
            }
        }
        let taken: std::collections::BTreeSet<&Key> = rows.iter().map(|row| &row.key).collect();
        let mut packed = Vec::new();
        for ((device, figures), number) in left {
            let keys = self.0.get(&(device.clone(), figures)).map(Vec::as_slice).unwrap_or_default();
            let mut free = keys.iter().filter(|(key, _)| !taken.contains(key));
            for _ in 0..number {
                // Beyond the summaries that there were it is one of them again, or one that nobody made.
                let (key, monotonic_ms) = free.next().or(keys.first()).cloned().unwrap_or_else(|| {
                    let boot = format!("unknown with {figures:?}");
                    ((Source { device: device.clone(), boot }, 1), 0)
                });
                packed.push(Row { key, monotonic_ms, body_agrees: true, packed: true });
            }
        }
        (packed, unread.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(uptime: f64) -> Exported {
        let line =
            format!("roof,uptime_seconds,2026-01-01T00:00:00.000Z,summary,{uptime},1.0,2.0,2.0,5,device");
        point(&line).unwrap()
    }

    fn known() -> Known {
        let figures = |mean| Figures::new([mean, 1.0, 2.0, 2.0], 5);
        let journal = Journal {
            boot: Some("b".to_owned()),
            made: (1..=3).map(|sequence| (sequence, sequence * 1_000)).collect(),
            // The last two cannot be told apart.
            figures: [(1, figures(1.5)), (2, figures(1.6)), (3, figures(1.6))].into(),
        };
        let mut known = Known::default();
        known.note(&Source { device: "roof".into(), boot: "b".into() }, &journal);
        known
    }

    fn packed(points: &[f64], rows: &[u64]) -> (Vec<u64>, usize) {
        let key = |sequence| (Source { device: "roof".into(), boot: "b".into() }, sequence);
        let row =
            |sequence: &u64| Row { key: key(*sequence), monotonic_ms: 0, body_agrees: true, packed: false };
        let rows: Vec<Row> = rows.iter().map(row).collect();
        let points = points.iter().map(|uptime| exported(*uptime)).collect();
        let (packed, unread) = known().packed(points, &rows);
        assert!(packed.iter().all(|row| row.key.0.boot == "b" || row.key.0.boot.starts_with("unknown")));
        (packed.iter().map(|row| row.key.1).collect(), unread.count())
    }

    #[test]
    fn points_are_known_by_their_figures() {
        assert_eq!(packed(&[1.5, 1.6, 1.6], &[]), (vec![1, 2, 3], 0));
        assert_eq!(packed(&[1.5, 1.6, 1.6], &[2]), (vec![1, 3], 0));
        assert_eq!(packed(&[1.5], &[1]), (vec![], 0));
    }

    #[test]
    fn what_is_packed_and_still_a_row_is_there_twice() {
        assert_eq!(packed(&[1.5, 1.5], &[1]), (vec![1], 0), "beside the row");
        assert_eq!(packed(&[1.5, 1.5], &[]), (vec![1, 1], 0));
    }

    #[test]
    fn a_row_that_is_not_exported_and_a_point_that_nobody_made_are_told() {
        assert_eq!(packed(&[1.6], &[1]), (vec![2], 1));
        let (packed, _) = known().packed(vec![exported(9.0)], &[]);
        assert!(packed[0].key.0.boot.starts_with("unknown"));
    }
}

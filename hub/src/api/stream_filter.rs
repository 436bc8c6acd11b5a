//! What a reader of the stream wants of it.

use super::Problem;
use crate::stream::Item;
use axum::http::StatusCode;
use bytes::Bytes;
use protocol::{DeviceId, MetricName};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Most devices, and most metrics, that a reader may name.
const MAX_NAMES: usize = 100;

/// Which devices, and which of their metrics; an empty set stands for all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    devices: BTreeSet<DeviceId>,
    metrics: BTreeSet<MetricName>,
}

/// Maps from metrics to values, in a state or in a summary.
const MAPS: [&str; 6] = ["now", "mean", "min", "max", "last", "count"];

type Object<'a> = BTreeMap<&'a str, &'a RawValue>;

impl Filter {
    /// Reads a query.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut filter = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "device" => {
                    filter.devices.insert(value.parse().map_err(|error| bad(&format!("device: {error}")))?);
                }
                "metric" => {
                    filter.metrics.insert(value.parse().map_err(|error| bad(&format!("metric: {error}")))?);
                }
                _ => return Err(bad(&format!("{name:.40} is unknown: there are device and metric"))),
            }
        }
        for (name, count) in [("device", filter.devices.len()), ("metric", filter.metrics.len())] {
            if count > MAX_NAMES {
                return Err(bad(&format!("{name} is allowed {MAX_NAMES} times, not {count}")));
            }
        }
        Ok(filter)
    }

    /// Whether this device is wanted.
    pub(super) fn wants(&self, device: &DeviceId) -> bool {
        self.devices.is_empty() || self.devices.contains(device)
    }

    /// What the reader is sent of a published event, if anything.
    pub(super) fn apply(&self, item: &Item) -> Option<Bytes> {
        match &item.device {
            Some(device) => self.wants(device).then(|| self.narrow(&item.event)),
            None => Some(item.event.clone()),
        }
    }

    /// The same event with the wanted metrics only. Numbers stay as they were written.
    pub(super) fn narrow(&self, event: &Bytes) -> Bytes {
        if self.metrics.is_empty() {
            return event.clone();
        }
        // The hub wrote it: lines, of which the last is the data, in JSON.
        let narrowed = std::str::from_utf8(event).ok().and_then(|text| {
            let (head, data) = text.split_once("data: ")?;
            let mut event: Object<'_> = serde_json::from_str(data.trim_end()).ok()?;
            let parts =
                ["state", "summary"].map(|key| (key, event.get(key).and_then(|part| self.part(part))));
            for (key, part) in &parts {
                if let Some(part) = part {
                    event.insert(key, part);
                }
            }
            Some(format!("{head}data: {}\n\n", serde_json::to_string(&event).ok()?))
        });
        narrowed.map_or_else(|| event.clone(), Bytes::from)
    }

    fn part(&self, part: &RawValue) -> Option<Box<RawValue>> {
        let mut part: Object<'_> = serde_json::from_str(part.get()).ok()?;
        let maps = MAPS.map(|key| (key, part.get(key).and_then(|map| self.map(map))));
        for (key, map) in &maps {
            if let Some(map) = map {
                part.insert(key, map);
            }
        }
        serde_json::value::to_raw_value(&part).ok()
    }

    fn map(&self, map: &RawValue) -> Option<Box<RawValue>> {
        let mut map: Object<'_> = serde_json::from_str(map.get()).ok()?;
        map.retain(|name, _| self.metrics.contains(*name));
        serde_json::value::to_raw_value(&map).ok()
    }
}

fn bad(what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("parameter {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_metrics_stay_and_their_numbers_as_they_were() {
        let filter = Filter::parse("metric=a_percent&metric=c_celsius").unwrap();
        let event = Bytes::from(
            "id: 1-2\nevent: state\ndata: {\"device\":\"roof\",\"received_ms\":5,\"state\":{\"version\":1,\
             \"now\":{\"a_percent\":1.10,\"b_percent\":2},\"mean\":{\"b_percent\":2},\"faults\":{\"c\":\"absent\"}}}\n\n",
        );
        let expected = "id: 1-2\nevent: state\ndata: {\"device\":\"roof\",\"received_ms\":5,\"state\":{\
             \"faults\":{\"c\":\"absent\"},\"mean\":{},\"now\":{\"a_percent\":1.10},\"version\":1}}\n\n";
        assert_eq!(filter.narrow(&event), expected);
        assert_eq!(Filter::default().narrow(&event), event);
        let ping = Bytes::from("event: device\ndata: {\"id\":\"roof\",\"state\":null}\n\n");
        assert_eq!(filter.narrow(&ping), ping);
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let many = "metric=a".to_owned() + &(0..100).map(|n| format!("&metric=m{n}")).collect::<String>();
        for (query, says) in [
            ("device=a%2Fb", "parameter device: an id"),
            ("metric=A", "parameter metric: \"A\" is no metric name"),
            ("devices=a", "parameter devices is unknown"),
            (many.as_str(), "parameter metric is allowed 100 times, not 101"),
        ] {
            let problem = Filter::parse(query).unwrap_err();
            assert!(problem.status == 400 && problem.detail.contains(says), "{query:.20}: {problem:?}");
        }
    }
}

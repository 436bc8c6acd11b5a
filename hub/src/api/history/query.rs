//! The parameters of a question, read by hand so that what is wrong has one line that names it.

use super::{
    Problem, bad,
    plan::{MAX_POINTS, Wish},
};
use crate::asked::{
    pattern::{Devices, Pattern},
    time::{MAX_MS, When, length},
};
use std::{fmt::Display, str::FromStr};

/// Most metrics, or patterns, that may be named.
const MAX_NAMED: usize = 20;
/// Most devices, or patterns, that may be named.
const MAX_DEVICES: usize = 200;
/// Most bands of a report.
const MAX_BANDS: usize = 10;
/// Time shown when none is asked for: the last hour.
const DEFAULT_SPAN_MS: i64 = 3_600_000;

/// Which figures of a point are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) mean: bool,
    pub(super) min: bool,
    pub(super) max: bool,
    pub(super) last: bool,
    pub(super) count: bool,
}

impl Figures {
    pub(super) const ALL: Self = Self { mean: true, min: true, max: true, last: true, count: true };
}

/// Parameters by name.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads them; others than `names` are refused.
    pub(super) fn parse(text: &str, names: &[&str]) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        match pairs.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => {
                Err(bad(format!("parameter {name} is unknown: there are {}", names.join(", "))))
            }
            None => Ok(Self(pairs)),
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The one value of a parameter.
    pub(super) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(bad(format!("parameter {name} is there twice"))),
            (value, None) => Ok(value),
        }
    }

    fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let value = self.one(name)?;
        value
            .map(|text| {
                text.parse().map_err(|_| bad(format!("parameter {name} must be {what}, not {text:?}")))
            })
            .transpose()
    }

    /// Names and patterns of metrics.
    pub(super) fn patterns(&self, name: &str) -> Result<Vec<Pattern>, Problem> {
        self.several(name, self.all(name), MAX_NAMED)
    }

    /// Names and patterns of devices.
    pub(super) fn devices(&self, name: &str) -> Result<Vec<Devices>, Problem> {
        self.several(name, self.all(name).flat_map(|list| list.split(',')), MAX_DEVICES)
    }

    fn several<'a, N: FromStr<Err: Display>>(
        &self,
        name: &str,
        texts: impl Iterator<Item = &'a str>,
        most: usize,
    ) -> Result<Vec<Pattern<N>>, Problem> {
        let patterns: Result<Vec<_>, _> = texts.map(Pattern::parse).collect();
        let patterns = patterns.map_err(|error| bad(format!("parameter {name}: {error}")))?;
        if patterns.is_empty() || patterns.len() > most {
            return Err(bad(format!("parameter {name} is needed 1 to {most} times, not {}", patterns.len())));
        }
        Ok(patterns)
    }

    /// One name of a metric.
    pub(super) fn metric(&self) -> Result<protocol::MetricName, Problem> {
        let text = self.one("metric")?.ok_or_else(|| bad("parameter metric is needed".to_owned()))?;
        text.parse().map_err(|error| bad(format!("parameter metric: {error}")))
    }

    /// Which figures are asked for.
    pub(super) fn figures(&self) -> Result<Figures, Problem> {
        let Some(list) = self.one("aggregate")? else { return Ok(Figures::ALL) };
        let mut figures = Figures { mean: false, min: false, max: false, last: false, count: false };
        for name in list.split(',') {
            match name {
                "mean" => figures.mean = true,
                "min" => figures.min = true,
                "max" => figures.max = true,
                "count" => figures.count = true,
                _ => {
                    return Err(bad(format!(
                        "parameter aggregate has {name:?} in it: there are mean, min, max and count"
                    )));
                }
            }
        }
        Ok(figures)
    }

    /// Which time is asked for, and how finely.
    pub(super) fn wish(&self, now_ms: i64, default_points: usize) -> Result<Wish, Problem> {
        let to_ms = self.when("to", "to_ms", now_ms)?.unwrap_or(now_ms);
        let from_ms = self.when("from", "from_ms", to_ms)?.unwrap_or((to_ms - DEFAULT_SPAN_MS).max(0));
        if from_ms >= to_ms {
            return Err(bad("parameter from must be before to".to_owned()));
        }
        let step = self.one("step")?.map(length).transpose();
        let step_ms = step.map_err(|error| bad(format!("parameter step: {error}")))?;
        let whole = format!("a whole number from 1 to {MAX_POINTS}");
        let max_points = self.parsed::<usize>("max_points", &whole)?;
        if max_points.is_some_and(|points| !(1..=MAX_POINTS).contains(&points)) {
            return Err(bad(format!("parameter max_points must be {whole}")));
        }
        // A step that is named is what is wanted; points are then limited for the hub's sake only.
        let default_points = if step_ms.is_some() { MAX_POINTS } else { default_points };
        Ok(Wish { from_ms, to_ms, step_ms, max_points: max_points.unwrap_or(default_points) })
    }

    fn when(&self, name: &str, in_ms: &str, reference_ms: i64) -> Result<Option<i64>, Problem> {
        let millis = self.parsed::<i64>(in_ms, "whole milliseconds since 1970-01-01 UTC")?;
        match (self.one(name)?, millis) {
            (Some(_), Some(_)) => Err(bad(format!("parameters {name} and {in_ms} say the same: give one"))),
            (Some(text), None) => {
                let when = When::parse(text).map_err(|error| bad(format!("parameter {name}: {error}")))?;
                Ok(Some(when.resolve(reference_ms)))
            }
            (None, Some(millis)) if !(0..=MAX_MS).contains(&millis) => {
                Err(bad(format!("parameter {in_ms} must be from 0 to {MAX_MS}")))
            }
            (None, millis) => Ok(millis),
        }
    }

    /// Where the bands of a report meet, ascending.
    pub(super) fn bands(&self) -> Result<Vec<f64>, Problem> {
        let Some(list) = self.one("bands")? else { return Ok(vec![50.0, 75.0]) };
        let wrong = || {
            bad(format!(
                "parameter bands must be 1 to {MAX_BANDS} ascending numbers such as 50,75, not {list:?}"
            ))
        };
        let bounds: Result<Vec<f64>, _> = list.split(',').map(str::parse).collect();
        let bounds = bounds.map_err(|_| wrong())?;
        let sound = bounds.iter().all(|bound: &f64| bound.is_finite()) && bounds.is_sorted_by(|a, b| a < b);
        if sound && bounds.len() <= MAX_BANDS { Ok(bounds) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 100 * 86_400_000;
    const NAMES: [&str; 9] =
        ["metric", "from", "to", "from_ms", "to_ms", "step", "max_points", "aggregate", "bands"];

    fn wish(text: &str) -> Result<Wish, Problem> {
        let query = Query::parse(text, &NAMES)?;
        query.patterns("metric")?;
        query.figures()?;
        query.bands()?;
        query.wish(NOW, 1500)
    }

    #[test]
    fn the_last_hour_is_shown_unless_asked_otherwise() {
        let times = |text: &str| wish(text).map(|wish| (wish.from_ms, wish.to_ms)).unwrap();
        assert_eq!(times("metric=a&metric=b_*"), (NOW - 3_600_000, NOW));
        assert_eq!(times("metric=a&from_ms=5&to_ms=604800005"), (5, 604_800_005));
        assert_eq!(times("metric=a&from=-1d&to=-1h"), (NOW - 90_000_000, NOW - 3_600_000));
        assert_eq!(times("metric=a&from=1970-01-02T00:00:00Z&to=now"), (86_400_000, NOW));
        assert_eq!(times("metric=a&from=-900d"), (0, NOW), "nothing is older than 1970");
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let many = "metric=a&".repeat(21);
        for (query, says) in [
            ("", "metric is needed 1 to 20 times, not 0"),
            (many.as_str(), "metric is needed 1 to 20 times, not 21"),
            ("metric=A", "parameter metric: \"A\" is no metric name"),
            ("metric=a&from_ms=yesterday", "parameter from_ms must be whole milliseconds"),
            ("metric=a&to_ms=1.5", "parameter to_ms must be whole milliseconds"),
            ("metric=a&form_ms=1", "parameter form_ms is unknown"),
            ("metric=a&from_ms=9&to_ms=9", "from must be before to"),
            ("metric=a&from_ms=-1", "from_ms must be from 0"),
            ("metric=a&from=x", "parameter from: \"x\" is no time"),
            ("metric=a&from=-1h&from_ms=5", "from and from_ms say the same"),
            ("metric=a&to=now&to=now", "parameter to is there twice"),
            ("metric=a&step=5", "parameter step: \"5\" is no length"),
            ("metric=a&max_points=0", "max_points must be a whole number from 1"),
            ("metric=a&max_points=many", "max_points must be a whole number from 1"),
            ("metric=a&aggregate=median", "aggregate has \"median\" in it"),
            ("metric=a&bands=75,50", "bands must be 1 to 10 ascending"),
            ("metric=a&bands=nan", "bands must be 1 to 10 ascending"),
        ] {
            let problem = wish(query).unwrap_err();
            assert!(problem.status == 400 && problem.detail.contains(says), "{query}: {problem:?}");
        }
    }
}

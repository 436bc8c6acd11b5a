//! What the hub and the devices tell Prometheus, in `OpenMetrics` text.

mod devices;
mod hub;

pub use devices::devices;
pub use hub::{Gathered, Length, Sources, hub};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::{Registry, Unit},
};
use std::fmt;

/// The media type of what [`text()`] writes.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One metric with all its series.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Name without unit and without `_total` or `_info`.
    name: String,
    /// What it tells.
    help: String,
    /// Ends the name.
    unit: Option<&'static str>,
    kind: Kind,
    series: Vec<(Labels, f64)>,
}

type Labels = Vec<(&'static str, String)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gauge,
    Counter,
    /// Its labels are what it tells.
    Info,
}

impl Family {
    fn new(kind: Kind, name: &str, unit: Option<&'static str>, help: &str) -> Self {
        Self { name: name.to_owned(), help: escaped(help), unit, kind, series: Vec::new() }
    }

    fn with(mut self, labels: Labels, value: f64) -> Self {
        let labels = labels.into_iter().map(|(name, text)| (name, escaped(&text))).collect();
        self.series.push((labels, value));
        self
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let unit = self.unit.map(|unit| Unit::Other(unit.to_owned()));
        let kind = match self.kind {
            Kind::Gauge => MetricType::Gauge,
            Kind::Counter => MetricType::Counter,
            Kind::Info => MetricType::Info,
        };
        let mut family = encoder.encode_descriptor(&self.name, &self.help, unit.as_ref(), kind)?;
        for (labels, value) in &self.series {
            match self.kind {
                Kind::Info => family.encode_info(labels)?,
                Kind::Gauge if labels.is_empty() => family.encode_gauge(value)?,
                Kind::Gauge => family.encode_family(labels)?.encode_gauge(value)?,
                Kind::Counter if labels.is_empty() => counter(&mut family, *value)?,
                Kind::Counter => counter(&mut family.encode_family(labels)?, *value)?,
            }
        }
        Ok(())
    }
}

/// Text of others in quotes and on one line. The library writes labels as they are, so that a name with a quote in it
/// would break the whole page.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn counter(encoder: &mut prometheus_client::encoding::MetricEncoder<'_>, value: f64) -> fmt::Result {
    encoder.encode_counter::<[(&str, &str); 0], f64, f64>(&value, None::<&Exemplar<_, _>>)
}

#[derive(Debug)]
struct Scrape(Vec<Family>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().filter(|family| !family.series.is_empty()).try_for_each(|f| f.encode(&mut encoder))
    }
}

/// Writes families; one without series is left out.
pub fn text(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(families)));
    let mut out = String::new();
    // Writing to memory cannot fail.
    let _ = text::encode(&mut out, &registry);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_written_with_its_unit_and_suffix() {
        let roof = || vec![("device", "roof".to_owned())];
        let families = vec![
            Family::new(Kind::Gauge, "a", Some("celsius"), "Warmth").with(roof(), -1.5),
            Family::new(Kind::Counter, "b", Some("bytes"), "Traffic").with(Vec::new(), 3.0),
            Family::new(Kind::Info, "c", None, "Who").with(vec![("host", "a\"b\n".to_owned())], 1.0),
            Family::new(Kind::Gauge, "d", None, "Nothing"),
        ];
        let expected = "# HELP a_celsius Warmth\n# TYPE a_celsius gauge\n# UNIT a_celsius celsius\n\
             a_celsius{device=\"roof\"} -1.5\n\
             # HELP b_bytes Traffic\n# TYPE b_bytes counter\n# UNIT b_bytes bytes\nb_bytes_total 3.0\n\
             # HELP c Who\n# TYPE c info\nc_info{host=\"a\\\"b\\n\"} 1\n# EOF\n";
        assert_eq!(text(families), expected);
    }
}

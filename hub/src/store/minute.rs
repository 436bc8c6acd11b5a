//! What is kept of a summary: the figures of its metrics.

use super::chunk::Damaged;
use protocol::{MetricName, Readings};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// The names of the metrics of a summary, in the order of its figures. Each is there once. Summaries of a device share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Box<[MetricName]>);

impl Shape {
    /// Of names that differ from each other.
    pub fn new(names: Vec<MetricName>) -> Self {
        Self(names.into())
    }

    /// The names.
    pub fn names(&self) -> &[MetricName] {
        &self.0
    }
}

/// The figures of one metric in one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Mean over time.
    pub mean: f64,
    /// Lowest reading.
    pub min: f64,
    /// Highest reading.
    pub max: f64,
    /// Last reading.
    pub last: f64,
    /// Number of readings.
    pub count: u32,
}

/// The figures of all metrics in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Minute {
    /// Whose figures they are.
    pub shape: Arc<Shape>,
    /// As many as there are names.
    pub figures: Box<[Figures]>,
}

#[derive(Deserialize)]
struct Maps {
    #[serde(default)]
    mean: Readings,
    #[serde(default)]
    min: Readings,
    #[serde(default)]
    max: Readings,
    #[serde(default)]
    last: Readings,
    #[serde(default)]
    count: BTreeMap<MetricName, u32>,
}

impl Minute {
    /// The figures of these metrics. One that is not in all of the maps is left out.
    pub fn new(
        names: Vec<MetricName>,
        [mean, min, max, last]: [&Readings; 4],
        count: &BTreeMap<MetricName, u32>,
    ) -> Self {
        let found = names.into_iter().filter_map(|name| {
            let figure = |of: &Readings| of.get(&name).copied();
            let (mean, min, max, last) = (figure(mean)?, figure(min)?, figure(max)?, figure(last)?);
            let count = *count.get(&name)?;
            Some((name, Figures { mean, min, max, last, count }))
        });
        let (names, figures): (Vec<_>, Vec<_>) = found.unzip();
        Self { shape: Arc::new(Shape::new(names)), figures: figures.into() }
    }

    /// Of a summary's JSON, which was checked when it came.
    ///
    /// # Errors
    /// When it is not what was checked then.
    pub fn of_json(text: &str) -> Result<Self, Damaged> {
        let Maps { mean, min, max, last, count } =
            serde_json::from_str(text).map_err(|error| Damaged(error.to_string()))?;
        Ok(Self::new(mean.keys().cloned().collect(), [&mean, &min, &max, &last], &count))
    }

    /// The figures of one metric, if it has any.
    pub fn of(&self, metric: &MetricName) -> Option<&Figures> {
        self.figures.get(self.shape.names().iter().position(|name| name == metric)?)
    }

    /// All of them by name.
    pub fn by_name(&self) -> impl Iterator<Item = (&MetricName, &Figures)> {
        self.shape.names().iter().zip(&self.figures)
    }
}

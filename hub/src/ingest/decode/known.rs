//! The short way to read a summary: its device measures what it measured the minute before, so that no name has to be
//! built, checked or looked up.
//!
//! Whatever is not exactly as expected is read the long way, which alone says what is wrong.

use super::{Head, MAX_SEQUENCE};
use crate::store::minute::{Figures, Minute, Shape};
use protocol::{DeviceId, MetricName, Readings, Stamp, Summary, Version, agree};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor},
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// Most devices of which it is known.
const MAX_DEVICES: usize = 20_000;
/// Most shapes that are kept for them; a fleet has a few.
const MAX_SHAPES: usize = 1000;

/// What devices measured last.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    of: HashMap<DeviceId, Arc<Shape>>,
    shapes: HashSet<Arc<Shape>>,
}

impl Known {
    /// Reads a summary of a device, if it is as expected.
    pub(super) fn read(&self, device: &DeviceId, text: &str) -> Option<(Head, Minute)> {
        let shape = self.of.get(device)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let found = Expected(shape).deserialize(&mut json).ok()?;
        json.end().ok()?;
        let (head, minute) = found;
        let sound = |figures: &Figures| {
            let Figures { mean, min, max, last, count } = *figures;
            count > 0 && agree(mean, min, max, last)
        };
        let in_order = (1..=MAX_SEQUENCE).contains(&head.sequence) && minute.figures.iter().all(sound);
        in_order.then_some((head, minute))
    }

    /// Expects the like of a summary that was read the long way.
    pub(super) fn expect(&mut self, device: &DeviceId, minute: &mut Minute) {
        if self.shapes.len() >= MAX_SHAPES || self.of.len() >= MAX_DEVICES {
            *self = Self::default();
        }
        // One for all that measure the same.
        match self.shapes.get(&minute.shape) {
            Some(shape) => minute.shape = Arc::clone(shape),
            None => {
                self.shapes.insert(Arc::clone(&minute.shape));
            }
        }
        self.of.insert(device.clone(), Arc::clone(&minute.shape));
    }
}

/// The metrics of a summary's JSON in the order in which they stand there, so that the next one can be read along it.
pub(super) fn order(text: &str, mean: &Readings) -> Vec<MetricName> {
    #[derive(Deserialize)]
    struct Order {
        mean: Names,
    }
    let found = serde_json::from_str(text).map(|Order { mean: Names(names) }| names);
    // A name that is there twice would be two metrics.
    found.ok().filter(|names| names.len() == mean.len()).unwrap_or_else(|| mean.keys().cloned().collect())
}

/// The names of a map, as often as they are there.
struct Names(Vec<MetricName>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("figures by metric")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, IgnoredAny)) = map.next_entry()? {
            self.0.push(name);
        }
        Ok(self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Version,
    Sequence,
    Boot,
    MonotonicMs,
    TimeMs,
    Clock,
    MachineBoot,
    WindowMs,
    Mean,
    Min,
    Max,
    Last,
    Count,
    #[serde(other)]
    Other,
}

/// A summary of this shape.
struct Expected<'a>(&'a Arc<Shape>);

impl<'de> DeserializeSeed<'de> for Expected<'_> {
    type Value = (Head, Minute);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Expected<'_> {
    type Value = (Head, Minute);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a summary")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let names = self.0.names();
        let nothing = Figures { mean: 0.0, min: 0.0, max: 0.0, last: 0.0, count: 0 };
        let mut figures = vec![nothing; names.len()].into_boxed_slice();
        let (mut version, mut sequence, mut window_ms, mut machine_boot) = (None, None, None, None);
        let (mut boot, mut monotonic_ms, mut time_ms, mut clock) = (None, None, None, None);
        let mut seen = [false; 5];
        while let Some(field) = map.next_key()? {
            // What is there twice is for the long way to judge.
            let again = match field {
                Field::Version => version.replace(map.next_value()?).is_some(),
                Field::Sequence => sequence.replace(map.next_value()?).is_some(),
                Field::Boot => boot.replace(map.next_value()?).is_some(),
                Field::MonotonicMs => monotonic_ms.replace(map.next_value()?).is_some(),
                Field::TimeMs => time_ms.replace(map.next_value()?).is_some(),
                Field::Clock => clock.replace(map.next_value()?).is_some(),
                Field::MachineBoot => machine_boot.replace(map.next_value()?).is_some(),
                Field::WindowMs => window_ms.replace(map.next_value()?).is_some(),
                Field::Mean => {
                    map.next_value_seed(Column(names, &mut figures, |to, mean| to.mean = mean))?;
                    std::mem::replace(&mut seen[0], true)
                }
                Field::Min => {
                    map.next_value_seed(Column(names, &mut figures, |to, min| to.min = min))?;
                    std::mem::replace(&mut seen[1], true)
                }
                Field::Max => {
                    map.next_value_seed(Column(names, &mut figures, |to, max| to.max = max))?;
                    std::mem::replace(&mut seen[2], true)
                }
                Field::Last => {
                    map.next_value_seed(Column(names, &mut figures, |to, last| to.last = last))?;
                    std::mem::replace(&mut seen[3], true)
                }
                Field::Count => {
                    map.next_value_seed(Column(names, &mut figures, |to, count| to.count = count))?;
                    std::mem::replace(&mut seen[4], true)
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if again {
                return Err(unexpected());
            }
        }
        if seen.contains(&false) {
            return Err(unexpected());
        }
        let stamp = Stamp {
            boot: boot.ok_or_else(unexpected)?,
            monotonic_ms: monotonic_ms.ok_or_else(unexpected)?,
            time_ms: time_ms.ok_or_else(unexpected)?,
            clock: clock.ok_or_else(unexpected)?,
        };
        let head = Summary {
            version: version.map(|Version| Version).ok_or_else(unexpected)?,
            sequence: sequence.ok_or_else(unexpected)?,
            stamp,
            machine_boot: machine_boot.flatten(),
            window_ms: window_ms.ok_or_else(unexpected)?,
            mean: (),
            min: (),
            max: (),
            last: (),
            count: (),
        };
        Ok((head, Minute { shape: Arc::clone(self.0), figures }))
    }
}

/// One figure of each metric, in this order, and where it goes.
struct Column<'a, T>(&'a [MetricName], &'a mut [Figures], fn(&mut Figures, T));

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Column<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Column<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("figures by metric")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(names, figures, put) = self;
        for (name, figures) in names.iter().zip(figures) {
            map.next_key_seed(Name(name))?.ok_or_else(unexpected)?;
            put(figures, map.next_value()?);
        }
        if map.next_key::<IgnoredAny>()?.is_some() { Err(unexpected()) } else { Ok(()) }
    }
}

/// This very name.
struct Name<'a>(&'a MetricName);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a metric")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text == self.0.as_str() { Ok(()) } else { Err(unexpected()) }
    }
}

/// Nobody reads it.
fn unexpected<E: Error>() -> E {
    E::custom("")
}

#[cfg(test)]
mod tests;

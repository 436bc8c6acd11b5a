//! What is set for the hub as a whole: by its configuration, or else by whoever uses it.

use crate::{
    config::HistoryConfig,
    labels::given,
    store::{
        Keep,
        fold::{DAY_MS, MINUTE_MS},
    },
    view::SettingsEvent,
};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most days that can be chosen: a hundred years.
pub const MAX_DAYS: u32 = 36_525;

/// Where the bands of a utilisation begin, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Where `raised` begins.
    pub raised: f64,
    /// Where `high` begins.
    pub high: f64,
    /// Where gauges have a mark.
    pub mark: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Self { raised: 50.0, high: 75.0, mark: 90.0 }
    }
}

/// What was chosen at run time, as it is stored. What is not there was not chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// Days of summaries; 0 for ever.
    pub minutes_days: Option<u32>,
    /// Days of hours; 0 for ever.
    pub hours_days: Option<u32>,
    /// Bands of gauges.
    pub bands: Option<Bands>,
}

/// What is to change: what is left out stays, null goes back to the default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    /// Days that summaries are kept one by one; 0 for ever.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, maximum = 36525)]
    pub minutes_days: Option<Option<u32>>,
    /// Days that their hours are kept; 0 for ever. Not less than `minutes_days`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, maximum = 36525)]
    pub hours_days: Option<Option<u32>>,
    /// Where the bands of gauges begin: 0 < raised < high < 100, mark from 1 to 100.
    #[serde(default, deserialize_with = "given_bands")]
    #[schema(value_type = Option<Bands>)]
    pub bands: Option<Option<Bands>>,
    /// That history may be deleted by it. Without this a time that is shorter than what is kept is refused.
    #[serde(default)]
    pub delete_history: bool,
}

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody set it.
    Default,
    /// The hub's file, its environment or its command line; it can be changed only there.
    Config,
    /// It was chosen here.
    Chosen,
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Days {
    /// Days; 0 for ever.
    pub days: u32,
    /// Who says so.
    pub source: SettingSource,
}

/// Settings that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The configuration decides.
    #[error(
        "history.{0} is set in the hub's configuration, which decides: change it there, or take it out to choose here"
    )]
    Configured(&'static str),
    /// Longer than anybody lives.
    #[error("{0} is {1} days: make it {MAX_DAYS} at most, or 0 for ever")]
    TooLong(&'static str, u32),
    /// Hours that would be gone before their minutes.
    #[error(
        "hours_days = {hours} is less than minutes_days = {minutes}: hours are for the time after that, so make it as much or more, or 0 for ever"
    )]
    ShortHours {
        /// Days of hours.
        hours: u32,
        /// Days of minutes, or 0.
        minutes: u32,
    },
    /// Bands that cannot be drawn.
    #[error("bands: raised must lie above 0 and below high, high below 100, the mark between 1 and 100")]
    Bands,
}

/// As an object: left to itself the type would take an array of its values too.
fn given_bands<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<Bands>>, D::Error> {
    let members: Option<serde_json::Map<String, serde_json::Value>> = given(value)?.flatten();
    let bands = members.map(|members| Bands::deserialize(serde_json::Value::Object(members))).transpose();
    bands.map(Some).map_err(serde::de::Error::custom)
}

/// The settings of a running hub.
#[derive(Debug)]
pub struct Settings {
    config: HistoryConfig,
    chosen: RwLock<Chosen>,
}

impl Settings {
    /// What the configuration says, and `chosen` where it says nothing.
    pub fn new(config: HistoryConfig, chosen: Chosen) -> Self {
        Self { config, chosen: RwLock::new(chosen) }
    }

    /// What was chosen.
    pub fn chosen(&self) -> Chosen {
        *self.chosen.read()
    }

    /// Takes a choice that [`Self::changed`] found sound.
    pub fn choose(&self, chosen: Chosen) {
        *self.chosen.write() = chosen;
    }

    /// What would be chosen after a change.
    ///
    /// # Errors
    /// What is wrong with the change.
    pub fn changed(&self, change: &SettingsChange) -> Result<Chosen, BadSettings> {
        let mut chosen = self.chosen();
        let config = [("minutes_days", self.config.minutes_days), ("hours_days", self.config.hours_days)];
        for ((name, configured), given) in config.into_iter().zip([change.minutes_days, change.hours_days]) {
            match given {
                Some(_) if configured.is_some() => return Err(BadSettings::Configured(name)),
                Some(Some(days)) if days > MAX_DAYS => return Err(BadSettings::TooLong(name, days)),
                _ => {}
            }
        }
        chosen.minutes_days = change.minutes_days.unwrap_or(chosen.minutes_days);
        chosen.hours_days = change.hours_days.unwrap_or(chosen.hours_days);
        chosen.bands = change.bands.unwrap_or(chosen.bands);
        let (minutes, hours) = (self.minutes(&chosen).days, self.hours_as_set(&chosen).days);
        if !outlives(hours, minutes) {
            return Err(BadSettings::ShortHours { hours, minutes });
        }
        match chosen.bands {
            Some(bands) if !sound(bands) => Err(BadSettings::Bands),
            _ => Ok(chosen),
        }
    }

    /// How long summaries are kept.
    pub fn minutes(&self, chosen: &Chosen) -> Days {
        days(self.config.minutes_days, chosen.minutes_days, HistoryConfig::MINUTES_DAYS)
    }

    /// How long hours are kept. A choice that a later configuration of the minutes contradicts gives way to it: nothing
    /// is deleted by a contradiction.
    pub fn hours(&self, chosen: &Chosen) -> Days {
        let (minutes, hours) = (self.minutes(chosen), self.hours_as_set(chosen));
        if outlives(hours.days, minutes.days) { hours } else { minutes }
    }

    fn hours_as_set(&self, chosen: &Chosen) -> Days {
        days(self.config.hours_days, chosen.hours_days, HistoryConfig::HOURS_DAYS)
    }

    /// The bands of gauges.
    pub fn bands(&self) -> Bands {
        self.chosen().bands.unwrap_or_default()
    }

    /// What readers of the stream are told.
    pub fn told(&self) -> SettingsEvent {
        let chosen = self.chosen();
        SettingsEvent { minutes: self.minutes(&chosen), hours: self.hours(&chosen), bands: self.bands() }
    }

    /// What the store keeps, with this choice.
    pub fn keep(&self, chosen: &Chosen) -> Keep {
        let span = |days: Days| (days.days > 0).then(|| i64::from(days.days) * DAY_MS);
        Keep {
            minutes_ms: span(self.minutes(chosen)),
            hours_ms: span(self.hours(chosen)),
            settle_ms: i64::from(self.config.settle_minutes) * MINUTE_MS,
        }
    }
}

fn days(configured: Option<u32>, chosen: Option<u32>, default: u32) -> Days {
    match (configured, chosen) {
        (Some(days), _) => Days { days, source: SettingSource::Config },
        (None, Some(days)) => Days { days, source: SettingSource::Chosen },
        (None, None) => Days { days: default, source: SettingSource::Default },
    }
}

/// Whether hours are kept as long as their minutes; 0 is for ever.
pub fn outlives(hours: u32, minutes: u32) -> bool {
    hours == 0 || (minutes > 0 && minutes <= hours)
}

fn sound(Bands { raised, high, mark }: Bands) -> bool {
    raised > 0.0 && raised < high && high < 100.0 && (1.0..=100.0).contains(&mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(minutes: Option<u32>, hours: Option<u32>) -> Settings {
        let config = HistoryConfig {
            minutes_days: minutes,
            hours_days: hours,
            settle_minutes: 10,
            upkeep_seconds: 300,
        };
        Settings::new(config, Chosen::default())
    }

    fn change(text: &str) -> SettingsChange {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn bands_are_an_object() {
        let bands = Bands { raised: 10.0, high: 20.0, mark: 30.0 };
        assert_eq!(change(r#"{"bands": {"raised": 10, "high": 20, "mark": 30}}"#).bands, Some(Some(bands)));
        assert_eq!((change(r#"{"bands": null}"#).bands, change("{}").bands), (Some(None), None));
        assert!(serde_json::from_str::<SettingsChange>(r#"{"bands": [10, 20, 30]}"#).is_err());
    }

    #[test]
    fn the_configuration_goes_before_a_choice_and_a_choice_before_the_default() {
        let free = settings(None, None);
        let chosen = free.changed(&change(r#"{"minutes_days": 7}"#)).unwrap();
        assert_eq!(free.minutes(&chosen), Days { days: 7, source: SettingSource::Chosen });
        assert_eq!(free.hours(&chosen), Days { days: 730, source: SettingSource::Default });
        free.choose(chosen);
        let back = free.changed(&change(r#"{"minutes_days": null}"#)).unwrap();
        assert_eq!(free.minutes(&back), Days { days: 30, source: SettingSource::Default });

        let fixed = settings(Some(90), None);
        assert_eq!(fixed.minutes(&chosen), Days { days: 90, source: SettingSource::Config });
        let refused = fixed.changed(&change(r#"{"minutes_days": 7}"#)).unwrap_err();
        assert_eq!(refused, BadSettings::Configured("minutes_days"));
        assert!(fixed.changed(&change(r#"{"hours_days": 100}"#)).is_ok());
    }

    #[test]
    fn what_contradicts_itself_is_refused_and_deletes_nothing() {
        let free = settings(None, None);
        for (text, wrong) in [
            (r#"{"hours_days": 29}"#, BadSettings::ShortHours { hours: 29, minutes: 30 }),
            (r#"{"minutes_days": 0}"#, BadSettings::ShortHours { hours: 730, minutes: 0 }),
            (r#"{"minutes_days": 36526}"#, BadSettings::TooLong("minutes_days", 36_526)),
            (r#"{"bands": {"raised": 80, "high": 75, "mark": 90}}"#, BadSettings::Bands),
            (r#"{"bands": {"raised": 50, "high": 75, "mark": 0}}"#, BadSettings::Bands),
        ] {
            assert_eq!(free.changed(&change(text)).unwrap_err(), wrong, "{text}");
        }
        // Hours were chosen when minutes were few; now the file wants more of these.
        let chosen = Chosen { hours_days: Some(60), ..Chosen::default() };
        for (minutes, hours) in [(Some(90), 90), (Some(0), 0), (Some(60), 60), (None, 60)] {
            assert_eq!(settings(minutes, None).hours(&chosen).days, hours, "{minutes:?}");
        }
        let keep = settings(Some(0), None).keep(&chosen);
        assert_eq!((keep.minutes_ms, keep.hours_ms), (None, None));
    }
}

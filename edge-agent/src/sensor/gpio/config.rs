//! Inputs of the header, as their owner writes them down.

use super::{
    PinSensor,
    meaning::{Level, Meaning, Pulses, Rain, Wind},
    watch::{Watch, Wiring},
};
use crate::{
    gpio::{Board, PinConfig, Pull},
    sensor::{
        Common, InstanceName, Sensor,
        config::{Address, BusConfig, Kind},
    },
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Longest time that a level may have to last.
const LONGEST_MS: u16 = 10_000;

/// Declares the config of a kind of input: the keys that all have, with the debounce that suits the kind, and
/// its own.
macro_rules! input_config {
    (
        $(#[$doc:meta])*
        $config:ident, $kind:literal, debounce: $debounce:literal ms {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $config {
            /// Tells it from others: its sensor id, and the beginning of its metrics' names.
            #[serde(default)]
            pub name: Option<InstanceName>,
            /// What people call it.
            #[serde(default)]
            pub label: Option<String>,
            /// The line that it is wired to.
            pub pin: PinConfig,
            /// The resistor that holds the line while the contact is open.
            #[serde(default)]
            pub pull: Pull,
            /// Whether it is active while the line is low. So it is unless `pull = "down"`.
            #[serde(default)]
            pub active_low: Option<bool>,
            /// How long a level must last before it is believed, 0 to 10000 milliseconds.
            #[serde(default)]
            pub debounce_milliseconds: Milliseconds<$debounce>,
            $($(#[$field_doc])* #[serde(default = $default)] pub $field: $type,)*
        }

        impl $config {
            fn wiring(&self) -> Wiring {
                Wiring {
                    pin: self.pin,
                    pull: self.pull,
                    active_low: self.active_low.unwrap_or(self.pull != Pull::Down),
                    lasting: Duration::from_millis(self.debounce_milliseconds.0.into()),
                }
            }
        }

        impl Kind for $config {
            fn common(&self) -> Common<'_> {
                let (name, label) = (self.name.as_ref(), self.label.as_deref());
                Common { kind: $kind, name, label, stuck_after_seconds: None, derived: false, altitude: None }
            }

            fn place(&self) -> Option<(&BusConfig, Address)> {
                None
            }

            fn pin(&self) -> Option<PinConfig> {
                Some(self.pin)
            }

            fn build(&self) -> Box<dyn Sensor> {
                self.build_on(&Arc::default())
            }

            fn build_on(&self, board: &Arc<Board>) -> Box<dyn Sensor> {
                let watch = Watch::new(board.clone(), self.wiring());
                Box::new(PinSensor::new(&self.common(), watch, self.meaning()))
            }
        }
    };
}

input_config! {
    /// Anything that pulses: a water or energy meter, a fan.
    PulseCounterConfig, "pulse_counter", debounce: 5 ms {}
}

input_config! {
    /// A tipping bucket.
    RainGaugeConfig, "rain_gauge", debounce: 10 ms {
        /// Rain of one tip, in millimetres.
        millimeters_per_tip: Factor = "Factor::of_common_rain_gauges",
    }
}

input_config! {
    /// Cups that turn with the wind.
    AnemometerConfig, "anemometer", debounce: 2 ms {
        /// Metres per second of wind at one pulse per second.
        meters_per_second_per_hertz: Factor = "Factor::of_common_anemometers",
    }
}

input_config! {
    /// A contact that is open or closed: a door's, a float's.
    LevelInputConfig, "level_input", debounce: 50 ms {}
}

impl PulseCounterConfig {
    fn meaning(&self) -> Box<dyn Meaning> {
        Box::new(Pulses::new())
    }
}

impl RainGaugeConfig {
    fn meaning(&self) -> Box<dyn Meaning> {
        Box::new(Rain::new(self.millimeters_per_tip.0))
    }
}

impl AnemometerConfig {
    fn meaning(&self) -> Box<dyn Meaning> {
        Box::new(Wind::new(self.meters_per_second_per_hertz.0))
    }
}

impl LevelInputConfig {
    fn meaning(&self) -> Box<dyn Meaning> {
        Box::new(Level)
    }
}

/// A time in milliseconds, `DEFAULT` unless given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Milliseconds<const DEFAULT: u16>(u16);

impl<const DEFAULT: u16> Default for Milliseconds<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: u16> TryFrom<i64> for Milliseconds<DEFAULT> {
    type Error = String;
    fn try_from(given: i64) -> Result<Self, String> {
        match u16::try_from(given) {
            Ok(given) if given <= LONGEST_MS => Ok(Self(given)),
            _ => Err(format!("{given} ms is no debounce time: give 0 to {LONGEST_MS}")),
        }
    }
}

/// What one pulse stands for.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Factor(f64);

impl Factor {
    /// 0.011 inch, as the gauges of the common hobby weather stations have it.
    fn of_common_rain_gauges() -> Self {
        Self(0.2794)
    }

    /// 2.4 km/h at one closure a second, as the anemometers of the common hobby weather stations have it.
    fn of_common_anemometers() -> Self {
        Self(2.4 / 3.6)
    }
}

impl TryFrom<f64> for Factor {
    type Error = String;
    fn try_from(given: f64) -> Result<Self, String> {
        if given > 0.0 && given <= 1_000.0 {
            Ok(Self(given))
        } else {
            Err(format!("{given} is not what a pulse can stand for: give more than 0 and at most 1000"))
        }
    }
}

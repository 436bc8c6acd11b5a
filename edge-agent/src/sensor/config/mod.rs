//! Which sensors a device has, as its owner writes it down.

mod chip;
mod host;
mod place;

pub(super) use chip::chip_config;
pub use host::HostConfig;
pub use place::{Address, BusConfig, InstanceName};

use super::{
    Altitude, AnemometerConfig, LevelInputConfig, PulseCounterConfig, RainGaugeConfig, Sensor,
    ads1115::Ads1115Config, bh1750::Bh1750Config, bme280::Bme280Config, bmp180::Bmp180Config,
    bmp280::Bmp280Config, ds18b20::Ds18b20Config, htu21d::Htu21dConfig, ina219::Ina219Config,
    scd4x::Scd4xConfig, sht3x::Sht3xConfig, sht4x::Sht4xConfig,
};
use crate::gpio::{Board, PinConfig};
use protocol::{MetricDescription, MetricName, SensorId, Unit};
use serde::Deserialize;
use std::sync::Arc;

/// What the agent must know of a configured sensor, whatever its kind.
pub(super) trait Kind {
    /// What is configured for every kind.
    fn common(&self) -> Common<'_>;

    /// Bus and address, if it hangs on an I2C bus.
    fn place(&self) -> Option<(&BusConfig, Address)>;

    /// The addresses that the chip can have. Empty where any is possible.
    fn addresses(&self) -> &'static [u8] {
        &[]
    }

    /// Whether its chip is told the altitude, whatever else follows from that.
    fn is_told_altitude(&self) -> bool {
        false
    }

    /// The line of the header, if it is an input of it.
    fn pin(&self) -> Option<PinConfig> {
        None
    }

    /// The sensor itself. Nothing is transferred yet.
    fn build(&self) -> Box<dyn Sensor>;

    /// The same for one that may have a pin of `board`.
    fn build_on(&self, _board: &Arc<Board>) -> Box<dyn Sensor> {
        self.build()
    }
}

/// What sensors of all kinds have in common.
pub(super) struct Common<'a> {
    /// The word for its kind in the config, which is also the id of one that has no name.
    pub(super) kind: &'static str,
    pub(super) name: Option<&'a InstanceName>,
    pub(super) label: Option<&'a str>,
    pub(super) stuck_after_seconds: Option<u32>,
    /// Whether what follows from its values is told as well.
    pub(super) derived: bool,
    pub(super) altitude: Option<Altitude>,
}

impl Common<'_> {
    /// The id of the sensor.
    pub(super) fn id(&self) -> SensorId {
        match self.name {
            Some(name) => name.id().clone(),
            None => self.kind.parse().expect("kinds are valid ids"),
        }
    }

    /// The name of its metric of `what`, with its own name before it if it has one.
    pub(super) fn metric_name(&self, what: &str, unit: Unit) -> MetricName {
        let name = match self.name {
            Some(name) => MetricName::new(&format!("{}_{what}", name.id()), unit),
            None => MetricName::new(what, unit),
        };
        name.expect("an instance name begins a metric name and leaves room")
    }

    /// Its metric of `what`.
    pub(super) fn describe(&self, what: &str, unit: Unit, kind: protocol::Kind) -> MetricDescription {
        MetricDescription {
            name: self.metric_name(what, unit),
            unit,
            sensor: self.id(),
            label: self.label(what),
            kind,
        }
    }

    /// `Roof temperature`, `Outdoor temperature` or `Temperature`, by what is given.
    fn label(&self, what: &str) -> String {
        let what = what.replace('_', " ");
        let label = match (self.label, self.name) {
            (Some(label), _) => return format!("{label} {what}"),
            (None, Some(name)) => format!("{} {what}", name.id().as_str().replace('_', " ")),
            (None, None) => what,
        };
        label[..1].to_uppercase() + &label[1..]
    }
}

/// Lists the kinds of sensors: the word in the config, and the type that holds the other keys.
macro_rules! kinds {
    ($($(#[$doc:meta])* $word:literal $variant:ident($config:ty),)*) => {
        /// A sensor that is not of the host: `kind` says which, the other keys are those of the kind.
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(tag = "kind")]
        pub enum SensorConfig {
            $($(#[$doc])* #[serde(rename = $word)] $variant($config),)*
        }

        impl SensorConfig {
            pub(super) fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$variant(config) => config,)*
                }
            }
        }
    };
}

kinds! {
    /// Bosch's sensor of temperature, humidity and pressure.
    "bme280" Bme280(Bme280Config),
    /// Bosch's sensor of temperature and pressure.
    "bmp280" Bmp280(Bmp280Config),
    /// Bosch's older sensor of temperature and pressure.
    "bmp180" Bmp180(Bmp180Config),
    /// A sensor of temperature and humidity; also the SHT2x and Si702x.
    "htu21d" Htu21d(Htu21dConfig),
    /// Rohm's sensor of light.
    "bh1750" Bh1750(Bh1750Config),
    /// Sensirion's sensors of temperature and humidity, third generation.
    "sht3x" Sht3x(Sht3xConfig),
    /// Sensirion's sensors of temperature and humidity, fourth generation.
    "sht4x" Sht4x(Sht4xConfig),
    /// A thermometer on a 1-wire bus.
    "ds18b20" Ds18b20(Ds18b20Config),
    /// Sensirion's sensor of carbon dioxide, temperature and humidity.
    "scd4x" Scd4x(Scd4xConfig),
    /// A meter of direct voltage and current.
    "ina219" Ina219(Ina219Config),
    /// A converter of four analogue inputs.
    "ads1115" Ads1115(Ads1115Config),
    /// An input that counts pulses.
    "pulse_counter" PulseCounter(PulseCounterConfig),
    /// A tipping bucket.
    "rain_gauge" RainGauge(RainGaugeConfig),
    /// Cups that turn with the wind.
    "anemometer" Anemometer(AnemometerConfig),
    /// A contact, a door's for one.
    "level_input" LevelInput(LevelInputConfig),
}

impl SensorConfig {
    /// A BME280 that needs no hardware.
    pub fn simulated() -> Self {
        Self::Bme280(Bme280Config { bus: BusConfig::Simulated, ..Bme280Config::default() })
    }

    /// The id of the sensor that it describes.
    pub fn id(&self) -> SensorId {
        self.kind().common().id()
    }

    /// Whether it is an input of the header, which holds its line as long as it exists.
    pub fn is_on_pin(&self) -> bool {
        self.kind().pin().is_some()
    }
}

#[cfg(test)]
mod tests;

//! Which sensors a device has, as its owner writes it down.

use super::{
    Altitude, AnemometerConfig, LevelInputConfig, PulseCounterConfig, RainGaugeConfig, Sensor,
    ads1115::Ads1115Config, bh1750::Bh1750Config, bme280::Bme280Config, bmp180::Bmp180Config,
    bmp280::Bmp280Config, ds18b20::Ds18b20Config, htu21d::Htu21dConfig, ina219::Ina219Config,
    scd4x::Scd4xConfig, sht3x::Sht3xConfig, sht4x::Sht4xConfig,
};
use crate::{
    bus::{Bus, LinuxBus, Model, SimulatedBus},
    gpio::{Board, PinConfig},
};
use protocol::{MetricDescription, MetricName, SensorId, Unit};
use serde::Deserialize;
use std::{fmt, path::PathBuf, sync::Arc};

/// The addresses that a chip may have on an I2C bus; the rest is reserved.
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;

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

/// Declares the config of a kind of chip on an I2C bus: the keys that all have, and its own with their
/// defaults; after its address all that it can have, and `is_told_altitude` if it is. Its driver adds `fn chip(&self, bus: SharedBus) -> Box<dyn Chip>`.
macro_rules! chip_config {
    (
        $(#[$doc:meta])*
        $config:ident, $kind:literal at $address:literal $(of [$($possible:literal),+])? $(, $is_told:ident)? {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $config {
            /// Tells it from others: its sensor id, and the beginning of its metrics' names. Without one the
            /// id is its kind and the metrics have their plain names.
            pub name: Option<$crate::sensor::InstanceName>,
            /// What people call it.
            pub label: Option<String>,
            /// The bus that it hangs on.
            pub bus: $crate::sensor::BusConfig,
            /// Its address on the bus.
            pub address: $crate::sensor::Address,
            /// After how many seconds without the change of a single bit it is stuck; 0 is never. Depends on
            /// the kind when not given.
            pub stuck_after_seconds: Option<u32>,
            /// Whether dew point, absolute humidity, pressure at sea level and pressure tendency are told as
            /// well, those of them that follow from what it measures.
            pub derived: bool,
            /// How high it is, in metres above the sea, which gives the pressure at sea level.
            pub altitude_meters: Option<$crate::sensor::Altitude>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $config {
            fn default() -> Self {
                Self {
                    name: None,
                    label: None,
                    bus: $crate::sensor::BusConfig::default(),
                    address: $crate::sensor::Address::at($address),
                    stuck_after_seconds: None,
                    derived: true,
                    altitude_meters: None,
                    $($field: $default,)*
                }
            }
        }

        impl $config {
            /// The sensor so configured, but on `bus`. Nothing is transferred before the first reading.
            pub fn sensor(&self, bus: Box<dyn $crate::bus::Bus>) -> $crate::sensor::ChipSensor {
                use $crate::sensor::config::Kind;
                let chip = self.chip($crate::bus::SharedBus::new(bus));
                $crate::sensor::ChipSensor::new(&self.common(), chip)
            }

            /// How it is called in the log.
            fn title(&self, chip: &str) -> String {
                format!("{chip} at {:#04x} of {}", self.address.get(), self.bus)
            }
        }

        impl $crate::sensor::config::Kind for $config {
            fn common(&self) -> $crate::sensor::Common<'_> {
                $crate::sensor::Common {
                    kind: $kind,
                    name: self.name.as_ref(),
                    label: self.label.as_deref(),
                    stuck_after_seconds: self.stuck_after_seconds,
                    derived: self.derived,
                    altitude: self.altitude_meters,
                }
            }

            fn place(&self) -> Option<(&$crate::sensor::BusConfig, $crate::sensor::Address)> {
                Some((&self.bus, self.address))
            }

            $(fn addresses(&self) -> &'static [u8] {
                &[$($possible),+]
            })?

            $(fn $is_told(&self) -> bool {
                true
            })?

            fn build(&self) -> Box<dyn $crate::sensor::Sensor> {
                let bus = self.bus.open($kind, self.address, self.name.as_ref());
                $crate::sensor::derived::with_derived(Box::new(self.sensor(bus)), &self.common())
            }
        }
    };
}
pub(super) use chip_config;

/// The name of one sensor among several: snake_case, as it begins metric names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct InstanceName(SensorId);

impl InstanceName {
    /// The name as a sensor's id.
    pub fn id(&self) -> &SensorId {
        &self.0
    }
}

impl TryFrom<String> for InstanceName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // Room for what the metric's own name adds.
        let fits = text.len() <= 40 && MetricName::try_from(text.clone()).is_ok();
        match text.parse() {
            Ok(id) if fits => Ok(Self(id)),
            _ => Err(format!(
                "{text:?} is no sensor name: it takes at most 40 lower-case letters, digits and single '_', and starts with a letter, such as \"outdoor\""
            )),
        }
    }
}

/// The bus that a sensor hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum BusConfig {
    /// A bus of the kernel, by its path.
    Device(PathBuf),
    /// No bus: a simulated sensor in simulated air.
    Simulated,
}

impl BusConfig {
    /// A handle of the sensor's own on the bus.
    pub(super) fn open(&self, kind: &str, address: Address, name: Option<&InstanceName>) -> Box<dyn Bus> {
        match self {
            Self::Device(path) => Box::new(LinuxBus::new(path.clone())),
            Self::Simulated => {
                // Sensors by other names are in other places.
                let name = name.map_or("", |name| name.id().as_str());
                let seed = name.bytes().fold(u64::from(address.get()), |seed, byte| {
                    seed.wrapping_mul(31).wrapping_add(u64::from(byte))
                });
                // The registry refuses kinds that cannot be simulated; to any other chip this one is wrong.
                let model = Model::of_kind(kind).unwrap_or(Model::Bme280);
                Box::new(SimulatedBus::new(model, address.get(), seed))
            }
        }
    }
}

impl Default for BusConfig {
    fn default() -> Self {
        Self::Device("/dev/i2c-1".into())
    }
}

impl TryFrom<String> for BusConfig {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "simulated" => Ok(Self::Simulated),
            path if path.starts_with('/') => Ok(Self::Device(path.into())),
            _ => Err(format!("{text:?} is no bus: give a path such as \"/dev/i2c-1\", or \"simulated\"")),
        }
    }
}

impl fmt::Display for BusConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => path.display().fmt(f),
            Self::Simulated => f.write_str("simulated"),
        }
    }
}

/// A 7-bit I2C address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "u8")]
pub struct Address(u8);

impl Address {
    /// An address that is written in this program.
    pub(super) const fn at(address: u8) -> Self {
        Self(address)
    }

    /// The seven bits.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Address {
    type Error = String;
    fn try_from(address: u8) -> Result<Self, String> {
        if ADDRESSES.contains(&address) {
            Ok(Self(address))
        } else {
            Err(format!("{address:#04x} is no I2C address: give 0x08 to 0x77, as `i2cdetect -y 1` shows it"))
        }
    }
}

/// Which figures of the machine itself are sampled. All but the processes, unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Load of each CPU and of all.
    pub cpu: bool,
    /// Memory in use, available and in caches.
    pub memory: bool,
    /// Swap in use.
    pub swap: bool,
    /// Traffic of the network interfaces, all together.
    pub network: bool,
    /// With `network`: traffic of each interface as well.
    pub network_per_interface: bool,
    /// Space in use on the disks.
    pub disk: bool,
    /// What each disk reads and writes.
    pub disk_io: bool,
    /// Uptime, load and number of processes.
    pub system: bool,
    /// Temperature, clock and core voltage of the processor.
    pub soc: bool,
    /// What a Raspberry Pi's firmware says of its power: undervoltage, throttling and the like.
    pub power: bool,
    /// The five processes that use the most CPU and the five that use the most memory, in `state`. Off
    /// unless turned on: it costs more than all the rest together.
    pub top_processes: bool,
    /// The network interfaces that count; those with a device, so no bridges and tunnels, when not given.
    pub network_interfaces: Option<Vec<String>>,
    /// Where the disks are mounted that are watched; `/` when not given.
    pub disk_mounts: Option<Vec<PathBuf>>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cpu: true,
            memory: true,
            swap: true,
            network: true,
            network_per_interface: true,
            disk: true,
            disk_io: true,
            system: true,
            soc: true,
            power: true,
            top_processes: false,
            network_interfaces: None,
            disk_mounts: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(text: &str) -> Result<SensorConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_kind_alone_is_enough() {
        let SensorConfig::Bme280(config) = sensor("kind = 'bme280'").unwrap() else { panic!("another kind") };
        assert_eq!(config.bus, BusConfig::Device("/dev/i2c-1".into()));
        assert_eq!((config.name, config.label, config.address.get()), (None, None, 0x76));
    }

    #[test]
    fn everything_can_be_said() {
        let text = "kind = 'bme280'\nname = 'outdoor'\nlabel = 'Roof'\nbus = 'simulated'\naddress = 0x77";
        let SensorConfig::Bme280(config) = sensor(text).unwrap() else { panic!("another kind") };
        assert_eq!(config.name.unwrap().id().as_str(), "outdoor");
        assert_eq!((config.bus, config.address.get()), (BusConfig::Simulated, 0x77));
        assert_eq!(config.label.unwrap(), "Roof");
    }

    #[test]
    fn bad_values_are_named_with_what_would_be_good() {
        for (text, named, remedy) in [
            ("kind = 'bme281'", "bme281", "`bme280`"),
            ("kind = 'bme280'\naddres = 1", "addres", "`address`"),
            ("kind = 'bme280'\naddress = 0x80", "0x80", "0x08 to 0x77"),
            ("kind = 'bme280'\noversampling = 3", "3 is no oversampling", "1, 2, 4, 8 or 16"),
            ("kind = 'bme280'\nfilter = 1", "1 is no filter", "0 for none"),
            ("kind = 'bmp280'\nhumidity_oversampling = 1", "humidity_oversampling", "`oversampling`"),
            ("kind = 'bme280'\naltitude_meters = 12000", "12000", "-500 to 9000"),
            ("kind = 'bme280'\nname = 'Out door'", "Out door", "outdoor"),
            ("kind = 'bme280'\nname = 'out__door'", "out__door", "single '_'"),
            ("kind = 'bme280'\nbus = 'i2c-1'", "i2c-1", "/dev/i2c-1"),
        ] {
            let error = sensor(text).unwrap_err();
            assert!(error.contains(named) && error.contains(remedy), "{text}: {error}");
        }
        let error = toml::from_str::<HostConfig>("cpus = true").unwrap_err().to_string();
        assert!(error.contains("`cpus`") && error.contains("`cpu`"), "{error}");
    }

    #[test]
    fn host_sensors_are_on_unless_turned_off() {
        let config: HostConfig = toml::from_str("disk = false\ndisk_mounts = ['/data']").unwrap();
        assert!(config.cpu && config.memory && config.network && config.system && !config.disk);
        assert!(config.swap && config.disk_io && config.soc && config.power && !config.top_processes);
        assert_eq!(config.disk_mounts, Some(vec!["/data".into()]));
    }
}

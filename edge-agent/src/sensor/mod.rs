//! Sensors: anything sampled, of the host or on a bus. A new one on a bus is a file here and a line in the list
//! of kinds in `config`.

mod ads1115;
mod bh1750;
mod bme280;
mod bmp180;
mod bmp280;
mod bosch;
mod bounded;
mod chip;
mod config;
mod derived;
mod ds18b20;
mod gpio;
mod host;
mod htu21d;
mod ina219;
mod registry;
mod scd4x;
mod sht3x;
mod sht4x;

pub use ads1115::{Ads1115Config, ChannelConfig};
pub use bh1750::Bh1750Config;
pub use bme280::Bme280Config;
pub use bmp180::{Bmp180Config, Samples};
pub use bmp280::Bmp280Config;
pub use bosch::{Filter, Oversampling};
pub use bounded::{Positive, Whole};
pub use chip::ChipSensor;
use config::Common;
pub use config::{Address, BusConfig, HostConfig, InstanceName, SensorConfig};
pub use derived::Altitude;
pub use ds18b20::{Ds18b20Config, OneWireId};
pub use gpio::{AnemometerConfig, LevelInputConfig, PulseCounterConfig, RainGaugeConfig};
pub use host::MountError;
pub use htu21d::Htu21dConfig;
pub use ina219::Ina219Config;
pub use registry::{GPIO_LANE, HOST_LANE, Lane, RegistryError, registry};
pub use scd4x::Scd4xConfig;
pub use sht3x::Sht3xConfig;
pub use sht4x::Sht4xConfig;

use crate::clock::Moment;
use protocol::{Fault, MetricDescription, SensorId, Top};

/// Something that is sampled at every tick.
///
/// A sensor is read on a thread that it does not share with async code, so it may block; one that hangs
/// is left behind and told as [`Fault::NoAnswer`].
pub trait Sensor: Send {
    /// Its id, by which faults are told.
    fn id(&self) -> &SensorId;

    /// What it measures on this machine, fixed once it exists. A figure that the machine does not have is
    /// not listed.
    fn metrics(&self) -> &[MetricDescription];

    /// Takes one reading of each metric, in the order of [`Sensor::metrics`], into `values`. An entry left
    /// `None` has no value at this tick (a rate at the first one, say), which is no fault.
    ///
    /// # Errors
    /// The one fault that explains why there are no readings. `values` is then ignored. A sensor on a
    /// bus writes a line to the log when its fault begins, changes or ends: only it knows the reason.
    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault>;

    /// What the last reading found of processes, which are no metrics. Told once.
    fn top(&mut self) -> Option<Box<Top>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ClockTrust;

    /// A moment by the monotonic clock, the wall clock being the same.
    pub(super) fn at(monotonic_ms: u64) -> Moment {
        Moment {
            monotonic_ms,
            time_ms: i64::try_from(monotonic_ms).unwrap(),
            clock: ClockTrust::Synchronized,
        }
    }

    /// One reading of each metric, from nothing.
    pub(super) fn read(sensor: &mut dyn Sensor, at: Moment) -> Result<Vec<Option<f64>>, Fault> {
        let mut values = vec![None; sensor.metrics().len()];
        sensor.read(at, &mut values).map(|()| values)
    }
}

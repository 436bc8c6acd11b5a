//! Texas Instruments' INA219: voltage, current and power of a direct current, by the `ina219` crate.
//!
//! Current and power are worked out here, from the two voltages that the chip measures. Its own calculation needs
//! a calibration that is gone after a brownout, and then says that no current flows. Each measurement is ordered
//! with all its settings, must be flagged as new, and counts only if the settings are still ours and a second
//! reading says the same.

use super::{
    bounded::Positive,
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{
    bus::{BusError, SharedBus},
    clock::Moment,
};
use ina219::{
    SyncIna219,
    address::Address,
    calibration::UnCalibrated,
    configuration::{Configuration, MeasuredSignals, OperatingMode, Resolution, ShuntVoltageRange},
    errors::{
        BusVoltageReadError, ConfigurationReadError, InitializationErrorReason, MeasurementError,
        ShuntVoltageReadError,
    },
};
use protocol::Unit;
use std::time::Duration;

const SHUNT: u8 = 1;
const BUS: u8 = 2;
/// The bit of the bus register that says that the measurement is new; reading all results clears it.
const NEW: u16 = 0b10;

/// Twice the data sheet's longest time of 32 averaged samples.
const TAKES: Duration = Duration::from_micros(2 * 18_720);
const POLL: Duration = Duration::from_millis(5);
const POLLS: u32 = 6;

/// The chip's ranges of shunt voltage, with their ends in volts.
const RANGES: [(ShuntVoltageRange, f64); 4] = [
    (ShuntVoltageRange::Fsr40mv, 0.04),
    (ShuntVoltageRange::Fsr80mv, 0.08),
    (ShuntVoltageRange::Fsr160mv, 0.16),
    (ShuntVoltageRange::Fsr320mv, 0.32),
];
/// What a bit of the shunt register is, in volts.
const SHUNT_STEP: f64 = 10e-6;
/// What the chip's input bears, in volts.
const MOST_VOLTS: f64 = 26.0;

chip_config! {
    /// An INA219. Its address is 0x40 to 0x4F by A0 and A1.
    Ina219Config, "ina219" at 0x40 of [
        0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F
    ] {
        /// Resistance of the shunt in ohms: 0.1 on most boards, where it says R100.
        shunt_ohms: Positive<10> = Positive::of(0.1),
        /// The largest current that is plausible, in amperes. What the chip can measure across the shunt when
        /// not given: 3.2 with 0.1 ohms.
        max_amperes: Option<Positive<1000>> = None,
    }
}

impl Ina219Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Ina219 { config: self.clone(), bus })
    }

    /// The smallest range that holds the largest current, and its end in volts.
    fn range(&self) -> (ShuntVoltageRange, f64) {
        let [.., widest] = RANGES;
        let Some(amperes) = self.max_amperes else { return widest };
        let volts = amperes.get() * self.shunt_ohms.get();
        RANGES.into_iter().find(|(_, end)| volts <= *end).unwrap_or(widest)
    }

    fn most_amperes(&self) -> f64 {
        let measurable = self.range().1 / self.shunt_ohms.get();
        self.max_amperes.map_or(measurable, |amperes| amperes.get().min(measurable))
    }
}

struct Ina219 {
    config: Ina219Config,
    bus: SharedBus,
}

impl Chip for Ina219 {
    fn title(&self) -> String {
        self.config.title("INA219")
    }

    fn quantities(&self) -> Vec<Quantity> {
        let amperes = self.config.most_amperes();
        let watts = amperes * MOST_VOLTS;
        vec![
            Quantity::gauge("bus", Unit::Volts, 0.0..=MOST_VOLTS, 3),
            Quantity::gauge("current", Unit::Amperes, -amperes..=amperes, 4),
            Quantity::gauge("power", Unit::Watts, -watts..=watts, 3),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = self.config.address.get();
        let place = Address::from_byte(address).map_err(|_| {
            Trouble::WrongChip(format!("an INA219 has no address {address:#04x}; correct `address`"))
        })?;
        let driver = SyncIna219::new(self.bus.clone(), place).map_err(|error| Trouble::from(error.reason))?;
        let (shunt_voltage_range, end_volts) = self.config.range();
        let settings = Configuration {
            shunt_voltage_range,
            bus_resolution: Resolution::Avg32,
            shunt_resolution: Resolution::Avg32,
            operating_mode: OperatingMode::Triggered(MeasuredSignals::ShutAndBusVoltage),
            ..Configuration::default()
        };
        let ohms = self.config.shunt_ohms.get();
        Ok(Box::new(Session { driver, bus: self.bus.clone(), address, settings, end_volts, ohms }))
    }

    fn still_at_most(&self) -> Option<Duration> {
        None
    }
}

struct Session {
    driver: SyncIna219<SharedBus, UnCalibrated>,
    bus: SharedBus,
    address: u8,
    settings: Configuration,
    end_volts: f64,
    ohms: f64,
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        self.driver.set_configuration(self.settings)?;
        self.bus.wait(TAKES);
        let mut polls = 0;
        let measured = loop {
            if let Some(measured) = self.driver.next_measurement()? {
                break measured;
            }
            // One that lost power has other settings, and would never be done as ours are.
            self.check_settings()?;
            polls += 1;
            if polls == POLLS {
                return Err(Trouble::Slow);
            }
            self.bus.wait(POLL);
        };
        self.check_settings()?;

        let bus = measured.bus_voltage.voltage_4mv();
        let shunt = measured.shunt_voltage.shunt_voltage_10uv();
        let again = u16::from_be_bytes(self.bus.read(self.address, BUS)?);
        let overflow_and_bus = again & !NEW;
        if overflow_and_bus != bus << 3 || self.bus.read(self.address, SHUNT)? != shunt.to_be_bytes() {
            return Err(Trouble::Garbled);
        }
        let shunt_volts = f64::from(shunt) * SHUNT_STEP;
        let amperes = shunt_volts / self.ohms;
        // What lies beyond a range reads as its end.
        if shunt_volts.abs() > self.end_volts - SHUNT_STEP / 2.0 {
            return Err(Trouble::OutOfRange { what: "current".to_owned(), value: amperes });
        }
        let volts = f64::from(bus) * 0.004;
        values.copy_from_slice(&[volts, amperes, volts * amperes].map(Some));
        let ([b1, b2], [s1, s2]) = (bus.to_be_bytes(), shunt.to_be_bytes());
        Ok([b1, b2, s1, s2, 0, 0, 0, 0])
    }
}

impl Session {
    fn check_settings(&mut self) -> Result<(), Trouble> {
        match self.driver.configuration() {
            Ok(_) => Ok(()),
            Err(ConfigurationReadError::I2cError(error)) => Err(error.into()),
            Err(ConfigurationReadError::ConfigurationMismatch { read, .. })
                if read == Configuration::default() =>
            {
                Err(Trouble::Reset)
            }
            Err(ConfigurationReadError::ConfigurationMismatch { .. }) => {
                let found: [u8; 2] = self.bus.read(self.address, 0)?;
                Err(Trouble::Settings(found.to_vec()))
            }
        }
    }
}

impl From<InitializationErrorReason<BusError>> for Trouble {
    fn from(reason: InitializationErrorReason<BusError>) -> Self {
        let what = match reason {
            InitializationErrorReason::I2cError(error) => return error.into(),
            InitializationErrorReason::ConfigurationNotDefaultAfterReset => "the configuration register",
            InitializationErrorReason::RegisterNotZeroAfterReset(_) => "a register that should be zero",
            InitializationErrorReason::ShuntVoltageOutOfRange => "the shunt voltage",
            InitializationErrorReason::BusVoltageOutOfRange => "the bus voltage",
        };
        Trouble::WrongChip(format!("after a reset {what} is not an INA219's"))
    }
}

impl From<MeasurementError<BusError>> for Trouble {
    fn from(error: MeasurementError<BusError>) -> Self {
        let out_of_range = |what: &str, value| Trouble::OutOfRange { what: what.to_owned(), value };
        match error {
            MeasurementError::I2cError(error)
            | MeasurementError::ShuntVoltageReadError(ShuntVoltageReadError::I2cError(error))
            | MeasurementError::BusVoltageReadError(BusVoltageReadError::I2cError(error)) => error.into(),
            MeasurementError::ShuntVoltageReadError(ShuntVoltageReadError::ShuntVoltageOutOfRange {
                is,
                ..
            }) => out_of_range("shunt voltage", f64::from(is.shunt_voltage_uv()) / 1e6),
            MeasurementError::BusVoltageReadError(BusVoltageReadError::BusVoltageOutOfRange {
                is, ..
            }) => out_of_range("bus voltage", f64::from(is.voltage_mv()) / 1e3),
            MeasurementError::MathOverflow(measured) => {
                out_of_range("shunt voltage", f64::from(measured.shunt_voltage.shunt_voltage_uv()) / 1e6)
            }
        }
    }
}

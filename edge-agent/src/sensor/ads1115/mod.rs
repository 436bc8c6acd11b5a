//! Texas Instruments' ADS1115: four analogue inputs, by the `ads1x1x` crate.
//!
//! Each conversion is ordered with all its settings. It counts only if the chip still has these settings
//! afterwards: one that lost power says that it is done and gives zero. The data rate is not the one after a
//! reset, so that these two can always be told apart.

mod channel;

pub use channel::ChannelConfig;

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{
    bus::{BusError, SharedBus},
    clock::Moment,
};
use ads1x1x::{
    Ads1x1x, DataRate16Bit, Error, FullScaleRange, TargetAddr,
    channel::{
        DifferentialA0A1, DifferentialA0A3, DifferentialA1A3, DifferentialA2A3, SingleA0, SingleA1, SingleA2,
        SingleA3,
    },
    ic::{Ads1115 as Ads1115Ic, Resolution16Bit},
    mode::OneShot,
};
use channel::Input;
use std::time::Duration;

const CONVERSION: u8 = 0;
const CONFIG: u8 = 1;

/// The config register after a reset.
const AFTER_RESET: u16 = 0x8583;
/// Bits of it: at rest; one conversion only, 64 a second, no comparator.
const AT_REST: u16 = 0x8000;
const SETTINGS: u16 = 0x0100 | 0b011 << 5 | 0b11;

/// A conversion at 64 a second, and the data sheet's tenth more.
const TAKES: Duration = Duration::from_micros(17_200);
/// One wait for a conversion that the new range began, one for ours, and one to spare.
const WAITS: u32 = 3;

chip_config! {
    /// An ADS1115. Its address is 0x48 to 0x4B by what ADDR is connected to.
    Ads1115Config, "ads1115" at 0x48 of [0x48, 0x49, 0x4A, 0x4B] {
        /// What it measures, one after the other.
        channel: Vec<ChannelConfig> = Vec::new(),
    }
}

impl Ads1115Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Ads1115 { config: self.clone(), bus })
    }
}

struct Ads1115 {
    config: Ads1115Config,
    bus: SharedBus,
}

impl Chip for Ads1115 {
    fn title(&self) -> String {
        self.config.title("ADS1115")
    }

    fn quantities(&self) -> Vec<Quantity> {
        let quantity = |channel: &ChannelConfig| {
            let end = channel.full_scale_volts.volts() * channel.scale.abs();
            let range = channel.offset - end..=channel.offset + end;
            Quantity::gauge(channel.name.as_str().to_owned(), channel.unit.get(), range, 6)
        };
        self.config.channel.iter().map(quantity).collect()
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = self.config.address.get();
        let place = match address {
            0x49 => TargetAddr::Vdd,
            0x4A => TargetAddr::Sda,
            0x4B => TargetAddr::Scl,
            _ => TargetAddr::Gnd,
        };
        let mut driver = Ads1x1x::new_ads1115(self.bus.clone(), place);
        driver.set_data_rate(DataRate16Bit::Sps64)?;
        let expected = settings(Input::A0A1, FullScaleRange::default());
        let found = u16::from_be_bytes(self.bus.read(address, CONFIG)?);
        if found & !AT_REST != expected & !AT_REST {
            let what = format!(
                "a config register of {found:#06x} where {expected:#06x} was set is not an ADS1115's"
            );
            return Err(Trouble::WrongChip(what));
        }
        let channels = self.config.channel.clone();
        let range = FullScaleRange::default();
        Ok(Box::new(Session { driver, bus: self.bus.clone(), address, channels, range }))
    }

    fn still_at_most(&self) -> Option<Duration> {
        None
    }
}

/// What the config register holds after a conversion.
fn settings(input: Input, range: FullScaleRange) -> u16 {
    let range = channel::FullScale::from(range).bits();
    AT_REST | (input as u16) << 12 | range << 9 | SETTINGS
}

struct Session {
    driver: Ads1x1x<SharedBus, Ads1115Ic, Resolution16Bit, OneShot>,
    bus: SharedBus,
    address: u8,
    channels: Vec<ChannelConfig>,
    /// The range that the chip has.
    range: FullScaleRange,
}

impl Session {
    /// The code of what is at a channel's input.
    fn code(&mut self, input: Input, range: FullScaleRange) -> Result<i16, Trouble> {
        if self.range != range {
            self.driver.set_full_scale_range(range)?;
            self.range = range;
        }
        let code = self.converted(input)?;
        let found = u16::from_be_bytes(self.bus.read(self.address, CONFIG)?);
        if found == AFTER_RESET {
            return Err(Trouble::Reset);
        }
        if found != settings(input, range) {
            return Err(Trouble::Settings(found.to_be_bytes().to_vec()));
        }
        if self.bus.read(self.address, CONVERSION)? != code.to_be_bytes() {
            return Err(Trouble::Garbled);
        }
        Ok(code)
    }

    fn converted(&mut self, input: Input) -> Result<i16, Trouble> {
        for wait in 0..=WAITS {
            let code = match input {
                Input::A0A1 => self.driver.read(DifferentialA0A1),
                Input::A0A3 => self.driver.read(DifferentialA0A3),
                Input::A1A3 => self.driver.read(DifferentialA1A3),
                Input::A2A3 => self.driver.read(DifferentialA2A3),
                Input::A0 => self.driver.read(SingleA0),
                Input::A1 => self.driver.read(SingleA1),
                Input::A2 => self.driver.read(SingleA2),
                Input::A3 => self.driver.read(SingleA3),
            };
            match code {
                Ok(code) => return Ok(code),
                Err(nb::Error::Other(error)) => return Err(error.into()),
                Err(nb::Error::WouldBlock) if wait < WAITS => self.bus.wait(TAKES),
                Err(nb::Error::WouldBlock) => {}
            }
        }
        Err(Trouble::Slow)
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let mut codes = 0_u64;
        for (place, value) in values.iter_mut().enumerate() {
            let ChannelConfig { input, full_scale_volts, scale, offset, .. } = self.channels[place];
            let code = self.code(input, full_scale_volts.range())?;
            let volts = f64::from(code) * full_scale_volts.volts() / 32_768.0;
            // What lies beyond the range reads as its end.
            if matches!(code, i16::MIN | i16::MAX) {
                let what = format!("voltage of {}", self.channels[place].name.as_str());
                return Err(Trouble::OutOfRange { what, value: volts });
            }
            *value = Some(volts * scale + offset);
            codes = codes.rotate_left(16) ^ u64::from(code.cast_unsigned());
        }
        Ok(codes.to_be_bytes())
    }
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::I2C(error) => Trouble::Bus(error),
            // Of thresholds, which are not set here.
            Error::InvalidInputData => Trouble::Nonsense,
        }
    }
}

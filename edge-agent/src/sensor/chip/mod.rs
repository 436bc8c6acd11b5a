//! What all measuring chips have in common: a driver only opens its chip and measures once; that a value
//! can be believed, that faults are told and that a chip comes back is seen to here.

mod humidity;
mod jumps;
mod sensor;
mod stillness;
mod trouble;
mod words;

pub(super) use humidity::cropped;
pub use sensor::ChipSensor;
pub(super) use trouble::Trouble;
pub(super) use words::Words;

use crate::{bus::SharedBus, clock::Moment};
use protocol::{Kind, Unit};
use std::{
    borrow::Cow,
    ops::{Range, RangeInclusive},
    time::Duration,
};

/// A chip as it is configured, on its bus. A driver implements this and [`Session`].
pub(super) trait Chip: Send {
    /// What people call it and where it is, such as `BME280 at 0x76 of /dev/i2c-1`.
    fn title(&self) -> String;

    /// What it measures, in the order of the values of [`Session::measure`].
    fn quantities(&self) -> Vec<Quantity>;

    /// The bus, for what passes between two tries. `None` where a measurement takes so long that there is one
    /// try in a tick.
    fn bus(&self) -> Option<&SharedBus>;

    /// Finds the chip, makes sure that it is the right one, and sets it up.
    ///
    /// # Errors
    /// When any of this fails. It is tried again.
    fn open(&self) -> Result<Box<dyn Session>, Trouble>;

    /// After how long without a change of any bit the chip is stuck, unless its owner says otherwise.
    /// `None` where a value may well stay the same for ever, as darkness does.
    fn still_at_most(&self) -> Option<Duration> {
        Some(Duration::from_secs(600))
    }

    /// Which bytes of [`Codes`] are those of one quantity, which may be stuck while the others live. None, where
    /// a quantity may well stay the same for long.
    fn parts(&self) -> &'static [Range<usize>] {
        &[]
    }
}

/// A chip that was set up.
pub(super) trait Session: Send {
    /// Measures once. An entry of `values` left `None` has no value at this tick, which is no fault: a slow
    /// chip may have nothing new.
    ///
    /// # Errors
    /// When there is no value that can be believed. The session is over then.
    fn measure(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble>;
}

/// Raw codes as the chip gave them, by which a chip that is stuck is told from air that is still. Unused
/// bytes are zero.
pub(super) type Codes = [u8; 8];

/// One of the things that a chip measures.
#[derive(Debug, Clone)]
pub(super) struct Quantity {
    /// Its name in snake_case, the unit left out: `temperature`.
    pub(super) what: Cow<'static, str>,
    pub(super) unit: Unit,
    pub(super) kind: Kind,
    /// What the chip can measure by its data sheet. A value beyond is a fault.
    pub(super) range: RangeInclusive<f64>,
    /// A larger change from one reading to the next has to be confirmed by the one after. `None` where any
    /// change is plausible.
    pub(super) jump: Option<f64>,
    /// Decimals that the chip can tell; more would be noise.
    pub(super) decimals: i32,
}

impl Quantity {
    /// A gauge that may change at will.
    pub(super) fn gauge(
        what: impl Into<Cow<'static, str>>,
        unit: Unit,
        range: RangeInclusive<f64>,
        decimals: i32,
    ) -> Self {
        Self { what: what.into(), unit, kind: Kind::Gauge, range, jump: None, decimals }
    }

    /// The same, but a change by more than `most` between two readings has to be confirmed.
    pub(super) fn with_jump(self, most: f64) -> Self {
        Self { jump: Some(most), ..self }
    }

    /// `value` without the digits that are noise.
    fn rounded(&self, value: f64) -> f64 {
        let scale = 10_f64.powi(self.decimals);
        (value * scale).round() / scale
    }
}

//! Waiting until the chip says that it is done.

use super::{BUSY, MEASURING, STATUS, Settings};
use crate::{
    bus::{BusError, SharedBus},
    sensor::chip::Trouble,
};
use embedded_hal::delay::DelayNs;
use std::time::Duration;

/// What a chip takes to start after a reset.
const START: Duration = Duration::from_millis(2);
const POLL: Duration = Duration::from_millis(2);
const POLLS: u32 = 20;

/// The wait for one start or measurement. To a driver it is a delay, whose length is not what it asks for.
pub(in crate::sensor) struct Settling<'a> {
    bus: &'a SharedBus,
    address: u8,
    settings: Settings,
    seen_measuring: bool,
    last: Result<bool, BusError>,
}

impl<'a> Settling<'a> {
    pub(in crate::sensor) fn new(bus: &'a SharedBus, address: u8, settings: Settings) -> Self {
        Self { bus, address, settings, seen_measuring: false, last: Ok(true) }
    }

    /// Waits for the end of a start.
    pub(in crate::sensor) fn start(&mut self) {
        self.wait(START);
    }

    /// Waits for the end of a measurement that was just asked for.
    pub(in crate::sensor) fn measurement(&mut self) {
        // That the first look finds the chip at rest may be for having come too early: then it is given its
        // time as well.
        if self.busy() || self.last.is_ok() {
            self.wait(self.settings.longest());
        }
    }

    /// Whether the chip was seen measuring, once it is done.
    ///
    /// # Errors
    /// When it did not come to an end, or the bus failed.
    pub(in crate::sensor) fn finish(self) -> Result<bool, Trouble> {
        if self.last? { Ok(self.seen_measuring) } else { Err(Trouble::Slow) }
    }

    fn wait(&mut self, usual: Duration) {
        self.bus.wait(usual);
        for _ in 0..POLLS {
            if !self.busy() {
                return;
            }
            self.bus.wait(POLL);
        }
    }

    /// Whether to go on waiting: the chip is not done, or starts and so may not even answer. Not so when the
    /// bus is in trouble, where each try may take a second.
    fn busy(&mut self) -> bool {
        let forced = self.settings.forced();
        self.last = self.bus.read(self.address, STATUS).map(|[status, ctrl_meas]: [u8; 2]| {
            // Both registers must say so, for one bit of noise must not make old data new.
            self.seen_measuring |= status & MEASURING != 0 && ctrl_meas == forced;
            status & BUSY == 0
        });
        matches!(self.last, Ok(false) | Err(BusError::NoAcknowledge))
    }
}

impl DelayNs for Settling<'_> {
    fn delay_ns(&mut self, ns: u32) {
        // The driver gives a measurement 40 ms whatever its settings, and a reset 2.
        if Duration::from_nanos(ns.into()) > START { self.measurement() } else { self.start() }
    }
}

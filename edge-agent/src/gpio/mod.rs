//! Pins of the header: those of a Pi by rppal, and simulated ones that tests and demonstrations drive.

mod config;
mod debounce;
mod real;
mod simulated;

pub use config::{OnOff, PinConfig, Pull};
pub use debounce::Debounce;
pub use real::RealPins;
pub use simulated::SimulatedPins;

use std::time::Duration;

/// A change of the level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The level since then.
    pub high: bool,
    /// When, by [`InputPin::now`].
    pub at: Duration,
    /// Edges before this one that got lost, because nobody was quick enough to take them.
    pub missed: u32,
}

/// Who is told of edges, on a thread of the pin's own.
pub type EdgeSink = Box<dyn FnMut(Edge) + Send>;

/// A set of lines.
pub trait Pins: Send + Sync {
    /// A line as an input; every edge from now on goes to `sink`, until the pin is dropped.
    ///
    /// # Errors
    /// When there is no such line, or it is not ours.
    fn input(&self, line: u8, pull: Pull, sink: EdgeSink) -> Result<Box<dyn InputPin>, PinError>;

    /// A line as an output, which has the level `high` from the first moment on. It keeps its last level when
    /// it is dropped.
    ///
    /// # Errors
    /// When there is no such line, or it is not ours.
    fn output(&self, line: u8, high: bool) -> Result<Box<dyn OutputPin>, PinError>;
}

/// A line that is listened to.
pub trait InputPin: Send {
    /// Its level right now.
    fn is_high(&self) -> bool;

    /// Whether edges are still told.
    fn is_listening(&self) -> bool;

    /// The present, on the clock by which edges are told.
    fn now(&self) -> Duration;
}

/// A line that is driven.
pub trait OutputPin: Send {
    /// Drives it.
    fn set(&mut self, high: bool);

    /// The level that the line really has: another one than was set if something else drives it harder.
    fn is_high(&self) -> bool;
}

/// Why a line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// No pins at all.
    #[error(
        "this machine has no pins that the agent knows ({0}); is it a Raspberry Pi, with /dev/gpiochip0?"
    )]
    Missing(String),
    /// The kernel does not let programs near the pins.
    #[error("this kernel has no /dev/gpiomem; that of Raspberry Pi OS has it")]
    NoRegisters,
    /// Not this one.
    #[error("there is no GPIO{0}; give the number of the GPIO, not of the place on the header")]
    NoLine(u8),
    /// The user may not.
    #[error("access to {0} is denied; add the agent's user to the group gpio")]
    Denied(String),
    /// Somebody else has it.
    #[error("GPIO{0} is in use already; look at `gpioinfo` and the overlays in /boot/firmware/config.txt")]
    Busy(u8),
    /// Anything else that the kernel says.
    #[error("the line cannot be used: {0}")]
    Other(String),
}

/// The lines that a configuration can name: those of this machine, and simulated ones.
#[derive(Default)]
pub struct Board {
    real: RealPins,
    simulated: SimulatedPins,
    /// No line of the machine is touched.
    inert: bool,
}

impl Board {
    /// A board whose simulated lines are in the hands of a test.
    pub fn with(simulated: SimulatedPins) -> Self {
        Self { simulated, ..Self::default() }
    }

    /// A board on which a configuration can be tried: simulated lines stand in for those of the machine, which
    /// an agent that runs may be driving.
    pub fn inert() -> Self {
        Self { inert: true, ..Self::default() }
    }

    /// Where the line of a pin is.
    pub fn pins(&self, pin: PinConfig) -> &dyn Pins {
        match pin {
            PinConfig::Line(_) if !self.inert => &self.real,
            PinConfig::Line(_) | PinConfig::Simulated(_) => &self.simulated,
        }
    }
}

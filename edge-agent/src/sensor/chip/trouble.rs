//! What can go wrong with a chip, for people and for the contract.

use crate::bus::BusError;
use protocol::Fault;

/// Why there is no reading.
#[derive(Debug, thiserror::Error)]
pub(in crate::sensor) enum Trouble {
    #[error("{0}")]
    Bus(#[from] BusError),
    /// What was found instead, in words.
    #[error("{0}")]
    WrongChip(String),
    #[error("it did not finish a measurement in time")]
    Slow,
    #[error("its settings are gone, it must have lost power; look at its supply and wires")]
    Reset,
    #[error("its settings are {0:02x?}, which nobody set; look for noise on the wires")]
    Settings(Vec<u8>),
    #[error("two readings of the same registers differ or make no sense; look for noise on the wires")]
    Garbled,
    #[error(
        "the checksum of its answer is wrong; look for noise on the wires, or another chip at its address"
    )]
    Checksum,
    /// A place other than an address on a bus where nothing is, in words.
    #[error("{0}")]
    Nowhere(String),
    #[error("it does not answer; look at its wires and the pull-up resistor")]
    Silent,
    #[error("it gives the codes of a measurement that did not take place")]
    Skipped,
    #[error("it measures a {what} of {value}, which the chip cannot")]
    OutOfRange { what: String, value: f64 },
    #[error("its {what} went from {before} to {now} at once, and the next reading does not confirm it")]
    Jump { what: String, before: f64, now: f64 },
    #[error("its calibration makes no sense of what it measured")]
    Nonsense,
    #[error("not one bit of something that it measures has changed for {0} s")]
    Stuck(u64),
}

impl Trouble {
    /// The one word for it. A chip that does not acknowledge is `absent`, but for the first time after it
    /// `was_there`: then it is `no answer`, as a loose contact would give.
    pub(super) fn fault(&self, was_there: bool) -> Fault {
        match self {
            Trouble::Bus(BusError::Missing(_)) | Trouble::Nowhere(_) => Fault::Absent,
            Trouble::Bus(BusError::NoAcknowledge) if !was_there => Fault::Absent,
            Trouble::Bus(_) | Trouble::Slow | Trouble::Silent => Fault::NoAnswer,
            Trouble::WrongChip(_) => Fault::WrongChip,
            Trouble::Reset | Trouble::Skipped => Fault::Skipped,
            Trouble::Settings(_)
            | Trouble::Garbled
            | Trouble::Checksum
            | Trouble::OutOfRange { .. }
            | Trouble::Jump { .. }
            | Trouble::Nonsense => Fault::OutOfRange,
            Trouble::Stuck(_) => Fault::Stuck,
        }
    }

    /// Whether another try at once may find the wire quiet again. A bus that times out takes up to a second
    /// each time, what was not there will hardly come within milliseconds, and lost settings are told rather
    /// than mended in silence: the supply is bad.
    pub(super) fn is_passing(&self, was_there: bool) -> bool {
        match self {
            Trouble::Bus(BusError::NoAcknowledge) => was_there,
            Trouble::Bus(BusError::Other(_))
            | Trouble::Garbled
            | Trouble::Checksum
            | Trouble::Jump { .. } => true,
            _ => false,
        }
    }

    /// Whether it took so long that the next tick had better do without.
    pub(super) fn is_dear(&self) -> bool {
        matches!(self, Trouble::Bus(BusError::Timeout))
    }
}

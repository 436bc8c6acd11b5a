//! What can go wrong on the bus.

use crate::errno::Errno;

/// What a fault does to a transfer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It fails.
    Error(Errno),
    /// It fails with a timeout, after so many milliseconds.
    Timeout(u64),
    /// It does not come back before the fault is over, and fails then.
    Hang,
    /// It takes so many milliseconds more.
    Delay(u64),
    /// What is read is noise.
    Garbage,
    /// What is read is this byte throughout.
    Fill(u8),
    /// Each bit that is read is wrong with this probability.
    Flip(f64),
}

/// A fault that is switched on.
#[derive(Debug)]
pub struct Fault {
    pub kind: Kind,
    /// When it ends by itself, in seconds of the emulated world.
    pub until: Option<f64>,
    /// How many more transfers it strikes.
    pub count: Option<u64>,
    /// How likely it strikes a transfer.
    pub probability: f64,
}

impl Fault {
    pub fn is_over(&self, now: f64) -> bool {
        self.count == Some(0) || self.until.is_some_and(|until| now >= until)
    }
}

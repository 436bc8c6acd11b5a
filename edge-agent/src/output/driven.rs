//! A line that is driven, opened again if it was not there.

use crate::gpio::{Board, OutputPin, PinConfig, PinError};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// Why an output is not as it should be.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DriveError {
    /// The line cannot be had.
    #[error("{0}")]
    Pin(Arc<PinError>),
    /// The line has another level than it is driven to.
    #[error("{pin} does not follow: it is {is} although driven to the other level; look for a short circuit")]
    Held {
        /// Which.
        pin: PinConfig,
        /// What it is.
        is: &'static str,
    },
}

/// A line and what it should be.
pub(super) struct Driven {
    board: Arc<Board>,
    pin: PinConfig,
    active_low: bool,
    state: Mutex<State>,
}

struct State {
    on: bool,
    line: Result<Box<dyn OutputPin>, Arc<PinError>>,
}

impl Driven {
    /// Opens the line, and drives it to `on` from the first moment.
    pub(super) fn new(board: Arc<Board>, pin: PinConfig, active_low: bool, on: bool) -> Self {
        let line = open(&board, pin, on != active_low);
        Self { board, pin, active_low, state: Mutex::new(State { on, line }) }
    }

    pub(super) fn pin(&self) -> PinConfig {
        self.pin
    }

    /// Switches. A line that was not there is looked for again.
    pub(super) fn set(&self, on: bool) -> Result<(), DriveError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = self.line(&mut state)?;
        line.set(on != self.active_low);
        state.on = on;
        self.verified(&state).map(drop)
    }

    /// What it is, by the level of the line. A line that was not there is looked for again if `reopen`.
    pub(super) fn is_on(&self, reopen: bool) -> Result<bool, DriveError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if reopen {
            self.line(&mut state)?;
        }
        self.verified(&state)
    }

    /// What it was last set to.
    pub(super) fn wanted(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).on
    }

    /// Switches without waiting for anybody, for the last moments of a process that panicked. Whether the
    /// line could be reached.
    pub(super) fn set_at_once(&self, on: bool) -> bool {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        state.on = on;
        state.line.as_mut().map(|line| line.set(on != self.active_low)).is_ok()
    }

    fn line<'a>(&self, state: &'a mut State) -> Result<&'a mut Box<dyn OutputPin>, DriveError> {
        if state.line.is_err() {
            state.line = open(&self.board, self.pin, state.on != self.active_low);
        }
        state.line.as_mut().map_err(|error| DriveError::Pin(error.clone()))
    }

    fn verified(&self, state: &State) -> Result<bool, DriveError> {
        let line = state.line.as_ref().map_err(|error| DriveError::Pin(error.clone()))?;
        let high = line.is_high();
        if high == (state.on != self.active_low) {
            Ok(state.on)
        } else {
            Err(DriveError::Held { pin: self.pin, is: if high { "high" } else { "low" } })
        }
    }
}

fn open(board: &Board, pin: PinConfig, high: bool) -> Result<Box<dyn OutputPin>, Arc<PinError>> {
    Ok(board.pins(pin).output(pin.number(), high)?)
}

//! A line that is listened to from tick to tick, opened again when it went away.

use crate::{
    clock::Moment,
    gpio::{Board, Debounce, InputPin, PinConfig, PinError, Pull},
};
use protocol::Fault;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Milliseconds between two attempts to open a line that is not there.
const RETRY_MS: u64 = 10_000;

/// Why there is no reading.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Pin(Arc<PinError>),
    #[error("the kernel stopped telling its edges; it was opened again, and what came in between is lost")]
    Deaf,
    #[error("edges came faster than they could be taken; look for noise on the wire, and at its pull")]
    Missed,
    #[error(
        "{value:.1} {unit} cannot be; look for noise on the wire, at debounce_milliseconds and the factor"
    )]
    OutOfRange { value: f64, unit: &'static str },
}

impl Trouble {
    pub(super) fn fault(&self) -> Fault {
        match self {
            Trouble::Pin(_) => Fault::Absent,
            Trouble::Deaf => Fault::NoAnswer,
            Trouble::Missed | Trouble::OutOfRange { .. } => Fault::OutOfRange,
        }
    }
}

/// What a line has done until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Pulses since the agent started.
    pub(super) pulses: u64,
    /// Whether it is active.
    pub(super) active: bool,
}

/// How a line is wired.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring {
    pub(super) pin: PinConfig,
    pub(super) pull: Pull,
    pub(super) active_low: bool,
    /// How long a level must last to be believed.
    pub(super) lasting: Duration,
}

/// A line that is listened to.
pub(super) struct Watch {
    board: Arc<Board>,
    wiring: Wiring,
    debounce: Arc<Mutex<Debounce>>,
    input: Result<Box<dyn InputPin>, Arc<PinError>>,
    /// Not before this time is a line that is not there looked for again.
    retry_ms: u64,
}

impl Watch {
    /// Listens from now on, if the line is there.
    pub(super) fn new(board: Arc<Board>, wiring: Wiring) -> Self {
        let debounce = Debounce::new(!wiring.active_low, wiring.lasting, wiring.active_low, Duration::ZERO);
        let debounce = Arc::new(Mutex::new(debounce));
        let input = open(&board, wiring, &debounce);
        Self { board, wiring, debounce, input, retry_ms: 0 }
    }

    pub(super) fn pin(&self) -> PinConfig {
        self.wiring.pin
    }

    /// What the line has done until now.
    pub(super) fn read(&mut self, at: Moment) -> Result<Seen, Trouble> {
        if self.input.is_err() && at.monotonic_ms >= self.retry_ms {
            self.input = open(&self.board, self.wiring, &self.debounce);
            self.retry_ms = at.monotonic_ms + RETRY_MS;
        }
        let input = self.input.as_ref().map_err(|error| Trouble::Pin(error.clone()))?;
        if !input.is_listening() {
            // The old handle goes first: a line is given out only once.
            self.input = Err(Arc::new(PinError::Other("being opened again".to_owned())));
            self.input = open(&self.board, self.wiring, &self.debounce);
            return Err(self.input.as_ref().err().map_or(Trouble::Deaf, |error| Trouble::Pin(error.clone())));
        }
        let now = input.now();
        let mut debounce = lock(&self.debounce);
        debounce.settle(now);
        if debounce.take_missed() > 0 {
            return Err(Trouble::Missed);
        }
        Ok(Seen { pulses: debounce.pulses(), active: debounce.is_active() })
    }
}

fn open(
    board: &Board,
    wiring: Wiring,
    debounce: &Arc<Mutex<Debounce>>,
) -> Result<Box<dyn InputPin>, Arc<PinError>> {
    let shared = debounce.clone();
    let sink = Box::new(move |edge| lock(&shared).take(edge));
    let input = board.pins(wiring.pin).input(wiring.pin.number(), wiring.pull, sink)?;
    let (high, now) = (input.is_high(), input.now());
    lock(debounce).resume(high, now);
    Ok(input)
}

/// Nothing that panics can leave the counts half changed, so a poisoned lock is as good as any.
fn lock(debounce: &Mutex<Debounce>) -> MutexGuard<'_, Debounce> {
    debounce.lock().unwrap_or_else(PoisonError::into_inner)
}

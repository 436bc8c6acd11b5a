//! The latest events, by number.

use bytes::Bytes;
use protocol::DeviceId;
use std::{collections::VecDeque, fmt, str::FromStr, sync::Arc};

/// Most bytes of events that are kept; the newest one always is.
const MAX_BYTES: usize = 32 << 20;

/// Where a reader is: after which event of which run of the hub. Written `run-number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The run of the hub.
    pub(super) run: u64,
    /// The event's number in it, from 1.
    pub(super) number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.number)
    }
}

impl FromStr for Position {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, number) = text.split_once('-').ok_or(())?;
        let run = u64::from_str_radix(run, 16).map_err(|_| ())?;
        Ok(Self { run, number: number.parse().map_err(|_| ())? })
    }
}

/// One published event.
#[derive(Debug)]
pub struct Item {
    /// Its number.
    pub position: Position,
    /// Whom it is about; `None` when it is about all.
    pub device: Option<DeviceId>,
    /// Ready for the wire.
    pub event: Bytes,
}

/// Events without a hole up to the newest, as many as there is room for.
#[derive(Debug)]
pub(super) struct Ring {
    run: u64,
    capacity: usize,
    newest: u64,
    items: VecDeque<Arc<Item>>,
    bytes: usize,
    readers: usize,
    /// Events since the last reader left. Once the ring would have turned over, nobody can come back to it.
    unwatched: usize,
}

impl Ring {
    pub(super) fn new(capacity: usize, run: u64) -> Self {
        let items = VecDeque::new();
        Self { run, capacity, newest: 0, items, bytes: 0, readers: 0, unwatched: capacity + 1 }
    }

    pub(super) fn run(&self) -> u64 {
        self.run
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn readers(&self) -> usize {
        self.readers
    }

    pub(super) fn enter(&mut self) {
        if !self.is_recording() {
            // What happened meanwhile has no number: nobody goes on from before it.
            self.newest += 1;
        }
        self.readers += 1;
        self.unwatched = 0;
    }

    pub(super) fn leave(&mut self) {
        self.readers -= 1;
    }

    pub(super) fn is_recording(&self) -> bool {
        self.readers > 0 || self.unwatched <= self.capacity
    }

    /// Numbers an event and keeps it, where somebody may want it. Returns the newest number.
    pub(super) fn publish(&mut self, item: impl FnOnce(Position) -> Item) -> u64 {
        if !self.is_recording() {
            return self.newest;
        }
        self.newest += 1;
        let item = item(Position { run: self.run, number: self.newest });
        self.bytes += item.event.len();
        self.items.push_back(Arc::new(item));
        while self.items.len() > self.capacity || (self.bytes > MAX_BYTES && self.items.len() > 1) {
            self.bytes -= self.items.pop_front().map_or(0, |old| old.event.len());
        }
        if self.readers == 0 {
            self.unwatched += 1;
            if !self.is_recording() {
                (self.items, self.bytes) = (VecDeque::new(), 0);
            }
        }
        self.newest
    }

    /// The event after `seen`, if it is there yet.
    ///
    /// # Errors
    /// The number of the newest event, when the one after `seen` is gone.
    pub(super) fn after(&self, seen: u64) -> Result<Option<Arc<Item>>, u64> {
        let behind = self.newest - seen;
        if behind == 0 {
            return Ok(None);
        }
        let at = usize::try_from(behind).ok().and_then(|behind| self.items.len().checked_sub(behind));
        at.and_then(|at| self.items.get(at)).map(|item| Some(item.clone())).ok_or(self.newest)
    }

    /// The number to go on from at a position; `None` when that is another run's, or events after it are gone.
    pub(super) fn find(&self, Position { run, number }: Position) -> Option<u64> {
        let kept =
            run == self.run && self.is_recording() && number <= self.newest && self.after(number).is_ok();
        kept.then_some(number)
    }
}

//! Lines without hardware.

use super::{Edge, EdgeSink, InputPin, OutputPin, PinError, Pins, Pull};
use crate::clock::monotonic_ms;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Lines that a test drives, or that an output drives for an input of the same number. Clones are the same
/// lines.
#[derive(Clone, Default)]
pub struct SimulatedPins(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: HashMap<u8, Line>,
    /// The time of the test that drives; the real one where nobody does.
    time: Option<Duration>,
    absent: bool,
}

#[derive(Default)]
struct Line {
    high: bool,
    /// What a short circuit holds it at, whatever is driven.
    held: Option<bool>,
    sink: Option<EdgeSink>,
}

impl SimulatedPins {
    /// Sets the time.
    pub fn set_time(&self, now: Duration) {
        self.lock().time = Some(now);
    }

    /// Drives a line.
    pub fn drive(&self, line: u8, high: bool) {
        self.drive_with_loss(line, high, 0);
    }

    /// Drives a line, and says that `missed` edges before this one got lost.
    pub fn drive_with_loss(&self, line: u8, high: bool, missed: u32) {
        let mut state = self.lock();
        let at = state.now();
        let line = state.lines.entry(line).or_default();
        let changes = line.high != high;
        line.high = high;
        if let Some(sink) = line.sink.as_mut().filter(|_| changes) {
            sink(Edge { high, at, missed });
        }
    }

    /// Shorts a line to a level, or lets go of it.
    pub fn hold(&self, line: u8, level: Option<bool>) {
        self.lock().lines.entry(line).or_default().held = level;
    }

    /// The level of a line.
    pub fn is_high(&self, line: u8) -> bool {
        let state = self.lock();
        state.lines.get(&line).is_some_and(|line| line.held.unwrap_or(line.high))
    }

    /// Takes all lines away: none can be opened, and edges are told no more.
    pub fn remove(&self) {
        let mut state = self.lock();
        state.absent = true;
        state.lines.values_mut().for_each(|line| line.sink = None);
    }

    /// Gives them back.
    pub fn restore(&self) {
        self.lock().absent = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics leaves a line half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> Duration {
        self.time.unwrap_or_else(|| Duration::from_millis(monotonic_ms()))
    }

    fn line(&mut self, line: u8) -> Result<&mut Line, PinError> {
        if self.absent {
            return Err(PinError::Missing("taken away".to_owned()));
        }
        Ok(self.lines.entry(line).or_default())
    }
}

impl Pins for SimulatedPins {
    fn input(&self, line: u8, pull: Pull, sink: EdgeSink) -> Result<Box<dyn InputPin>, PinError> {
        let mut state = self.lock();
        let is_new = !state.lines.contains_key(&line);
        let found = state.line(line)?;
        if is_new {
            found.high = pull == Pull::Up;
        }
        found.sink = Some(sink);
        Ok(Box::new(Handle { pins: self.clone(), line }))
    }

    fn output(&self, line: u8, high: bool) -> Result<Box<dyn OutputPin>, PinError> {
        self.lock().line(line)?;
        self.drive(line, high);
        Ok(Box::new(Handle { pins: self.clone(), line }))
    }
}

struct Handle {
    pins: SimulatedPins,
    line: u8,
}

impl InputPin for Handle {
    fn is_high(&self) -> bool {
        self.pins.is_high(self.line)
    }

    fn is_listening(&self) -> bool {
        self.pins.lock().lines.get(&self.line).is_some_and(|line| line.sink.is_some())
    }

    fn now(&self) -> Duration {
        self.pins.lock().now()
    }
}

impl OutputPin for Handle {
    fn set(&mut self, high: bool) {
        self.pins.drive(self.line, high);
    }

    fn is_high(&self) -> bool {
        self.pins.is_high(self.line)
    }
}

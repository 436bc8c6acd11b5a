//! From edges to pulses: contacts bounce, wires catch sparks.

use super::Edge;
use std::time::Duration;

/// Believes a level once it has lasted, and counts how often the believed level became active.
///
/// So neither the bouncing of a contact, on closing or on opening, nor a spark that is shorter than the time
/// that a level must last is ever a pulse; a contact that stays closed for long is one pulse.
#[derive(Debug)]
pub struct Debounce {
    active_high: bool,
    lasting: Duration,
    /// Whether the believed level is the active one.
    active: bool,
    /// What the line has been since when, believed or not yet.
    latest: (bool, Duration),
    pulses: u64,
    missed: u64,
}

impl Debounce {
    /// For a line that is at level `high` at the time `now`, which is believed as it is. A level must last
    /// `lasting` before it is believed.
    pub fn new(active_high: bool, lasting: Duration, high: bool, now: Duration) -> Self {
        let active = high == active_high;
        Self { active_high, lasting, active, latest: (active, now), pulses: 0, missed: 0 }
    }

    /// Takes an edge in. Edges come in the order of their times.
    pub fn take(&mut self, edge: Edge) {
        self.missed += u64::from(edge.missed);
        self.settle(edge.at);
        self.latest = (edge.high == self.active_high, edge.at);
        // Where nothing needs to last, an edge is believed at once.
        self.settle(edge.at);
    }

    /// Believes what has lasted until `now`.
    pub fn settle(&mut self, now: Duration) {
        let (active, since) = self.latest;
        if active != self.active && now.saturating_sub(since) >= self.lasting {
            self.active = active;
            self.pulses += u64::from(active);
        }
    }

    /// Begins anew after the line was not listened to: it is at level `high` at the time `now`. Counts stay.
    pub fn resume(&mut self, high: bool, now: Duration) {
        self.active = high == self.active_high;
        self.latest = (self.active, now);
    }

    /// Whether the believed level is the active one.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// How often the believed level became active.
    pub fn pulses(&self) -> u64 {
        self.pulses
    }

    /// How many edges were lost before they could be taken in, since this was last asked.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }
}

#[cfg(test)]
#[path = "debounce_tests.rs"]
mod tests;

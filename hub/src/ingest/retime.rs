//! When a summary was, for a device whose clock may be wrong.
//!
//! Monotonic time runs on while a machine is up, over all runs of its agent. So one message that ties it to
//! the time of day tells the time of everything of the same start of the machine, whether it came before or
//! after, from this run or an earlier one. A machine that was started anew has begun to count anew: what is
//! left of before and was never tied has no time that anybody could know.

use crate::state::Device;
use protocol::{Birth, BootId, ClockTrust, Stamp, Summary};

/// How far ahead of the hub a device's clock may be and still be believed, in milliseconds.
const MAX_AHEAD_MS: i64 = 3_600_000;
/// Most starts of its machine that are remembered of a device: the present one, and those that its spool may
/// still hold summaries of. Also room for two machines that claim to be one device.
const MAX_STARTS: usize = 6;

/// A time for the history, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// Milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Who says so.
    pub by: TimedBy,
}

/// Whose word a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimedBy {
    /// The device's: its clock was synchronised then, or later in the same start of the machine.
    Device,
    /// The hub's: reckoned back from when it heard the same start of the machine say something.
    Hub,
    /// Nobody knows: it is when the hub received it.
    Receipt,
}

/// A moment that is known both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tie {
    monotonic_ms: u64,
    time_ms: i64,
}

impl Tie {
    fn time_of(self, monotonic_ms: u64) -> i64 {
        let apart = |from: u64, to: u64| i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX);
        self.time_ms
            .saturating_add(apart(self.monotonic_ms, monotonic_ms))
            .saturating_sub(apart(monotonic_ms, self.monotonic_ms))
    }
}

/// What is known of one start of a machine.
#[derive(Debug)]
struct Start {
    machine_boot: Option<Box<str>>,
    /// The latest run of the agent on it.
    run: BootId,
    /// By the device's own clock.
    own: Option<Tie>,
    /// By the hub's.
    heard: Option<Tie>,
}

/// What is known of the clock of a device.
#[derive(Debug, Default)]
pub struct DeviceClock {
    /// The last is the present one.
    starts: Vec<Start>,
}

impl DeviceClock {
    /// What the latest values tell of it.
    pub fn restore(latest: &Device) -> Self {
        let mut clock = Self::default();
        if let Some(birth) = latest.birth.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
            clock.note_birth(&birth, None);
        }
        if let Some(stamp) = latest.state.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
            clock.note_state(&stamp, latest.state_received_ms);
        }
        clock
    }

    /// Takes note of a birth; `heard_ms` is when the hub received it, unless its age is unknown.
    pub fn note_birth(&mut self, birth: &Birth, heard_ms: Option<i64>) {
        let machine = birth.machine_boot.as_str();
        let start = self.present(Some(machine), &birth.stamp.boot);
        start.machine_boot = Some(machine.into());
        start.note_own(&birth.stamp, heard_ms);
        // A broker may have kept it for a hub that was away; live values it drops, so what they say is better.
        if start.heard.is_none() {
            start.note_heard(&birth.stamp, heard_ms);
        }
    }

    /// Takes note of live values; `heard_ms` is when the hub received them, unless their age is unknown.
    pub fn note_state(&mut self, stamp: &Stamp, heard_ms: Option<i64>) {
        let start = self.present(None, &stamp.boot);
        start.note_own(stamp, heard_ms);
        start.note_heard(stamp, heard_ms);
    }

    /// Takes note of what comes in one message, before it is asked when each of them was: a minute with a
    /// synchronised clock tells the time of those before it.
    pub fn note_summaries<'a, R: 'a, C: 'a>(
        &mut self,
        summaries: impl Iterator<Item = &'a Summary<R, C>>,
        received_ms: i64,
    ) {
        for Summary { stamp, machine_boot, .. } in summaries {
            let machine = machine_boot.as_deref();
            match self.find(machine, &stamp.boot) {
                Some(at) => self.starts[at].note_own(stamp, Some(received_ms)),
                None if machine.is_some() => {
                    // Of the past, so it takes the oldest place.
                    if self.starts.len() >= MAX_STARTS {
                        self.starts.remove(0);
                    }
                    self.starts.insert(0, Start::new(machine, &stamp.boot));
                }
                None => {}
            }
        }
    }

    /// When a summary was that the hub received at `received_ms`.
    pub fn time<R, C>(&self, summary: &Summary<R, C>, received_ms: i64) -> Timed {
        let Summary { stamp, machine_boot, .. } = summary;
        if stamp.clock == ClockTrust::Synchronized && is_credible(stamp.time_ms, received_ms) {
            return Timed { time_ms: stamp.time_ms, by: TimedBy::Device };
        }
        let start = self.find(machine_boot.as_deref(), &stamp.boot).map(|at| &self.starts[at]);
        let by = |tie: Option<Tie>| tie.map(|tie| tie.time_of(stamp.monotonic_ms));
        let own = by(start.and_then(|start| start.own)).filter(|&time| is_credible(time, received_ms));
        let heard = by(start.and_then(|start| start.heard));
        match (own, heard) {
            (Some(time_ms), _) => Timed { time_ms, by: TimedBy::Device },
            (None, Some(time_ms)) => Timed { time_ms: time_ms.min(received_ms), by: TimedBy::Hub },
            (None, None) => Timed { time_ms: received_ms, by: TimedBy::Receipt },
        }
    }

    fn find(&self, machine_boot: Option<&str>, run: &BootId) -> Option<usize> {
        let same = |start: &Start| match (machine_boot, start.machine_boot.as_deref()) {
            (Some(asked), Some(known)) => asked == known,
            _ => start.run == *run,
        };
        self.starts.iter().rposition(same)
    }

    /// The start that is heard of now, which becomes the last.
    fn present(&mut self, machine_boot: Option<&str>, run: &BootId) -> &mut Start {
        let mut start = match self.find(machine_boot, run) {
            Some(at) => self.starts.remove(at),
            None => Start::new(machine_boot, run),
        };
        start.run = run.clone();
        if self.starts.len() >= MAX_STARTS {
            self.starts.remove(0);
        }
        // Most machines are not started anew while the hub runs.
        self.starts.reserve_exact(1);
        self.starts.push(start);
        self.starts.last_mut().expect("pushed a moment ago")
    }
}

impl Start {
    fn new(machine_boot: Option<&str>, run: &BootId) -> Self {
        Self { machine_boot: machine_boot.map(Into::into), run: run.clone(), own: None, heard: None }
    }

    fn note_own(&mut self, stamp: &Stamp, heard_ms: Option<i64>) {
        let credible = heard_ms.is_none_or(|heard| is_credible(stamp.time_ms, heard));
        if stamp.clock == ClockTrust::Synchronized && credible {
            self.own = Some(Tie { monotonic_ms: stamp.monotonic_ms, time_ms: stamp.time_ms });
        }
    }

    fn note_heard(&mut self, stamp: &Stamp, heard_ms: Option<i64>) {
        if let Some(time_ms) = heard_ms {
            self.heard = Some(Tie { monotonic_ms: stamp.monotonic_ms, time_ms });
        }
    }
}

fn is_credible(time_ms: i64, received_ms: i64) -> bool {
    time_ms <= received_ms.saturating_add(MAX_AHEAD_MS)
}

#[cfg(test)]
mod tests;

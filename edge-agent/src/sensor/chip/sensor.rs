//! A chip as one of the agent's sensors: sessions, checks, retries, and the log.

use super::{Chip, Quantity, Session, Trouble, jumps::Jumps, stillness::Stillness};
use crate::{
    clock::Moment,
    sensor::{Common, Sensor},
};
use protocol::{Fault, MetricDescription, SensorId};
use std::time::Duration;

/// What passes before another try within a tick. Noise on a wire is over in milliseconds; longer would hold
/// up the tick, and the next one tries again anyway.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(20)];

/// A chip that is sampled.
pub struct ChipSensor {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    quantities: Vec<Quantity>,
    chip: Box<dyn Chip>,
    /// None before the chip was set up and after a fault.
    session: Option<Box<dyn Session>>,
    longest_still: Option<Duration>,
    stillness: Stillness,
    jumps: Jumps,
    /// The fault of the last tick: the log tells changes only.
    last: Option<Fault>,
    /// Whether the next tick does without: the last try took too long.
    rests: bool,
}

impl ChipSensor {
    /// The sensor that `chip` makes with what `common` says. Nothing is transferred before the first reading.
    pub(in crate::sensor) fn new(common: &Common<'_>, chip: Box<dyn Chip>) -> Self {
        let id = common.id();
        let quantities = chip.quantities();
        let describe = |quantity: &Quantity| common.describe(&quantity.what, quantity.unit, quantity.kind);
        Self {
            metrics: quantities.iter().map(describe).collect(),
            id,
            quantities,
            longest_still: match common.stuck_after_seconds {
                None => chip.still_at_most(),
                Some(0) => None,
                Some(seconds) => Some(Duration::from_secs(seconds.into())),
            },
            session: None,
            stillness: Stillness::new(chip.parts()),
            chip,
            jumps: Jumps::default(),
            last: None,
            rests: false,
        }
    }

    fn attempt(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(self.chip.open()?),
        };
        values.fill(None);
        let codes = session.measure(at, values)?;
        if values.iter().all(Option::is_none) {
            return Ok(());
        }
        for (quantity, value) in self.quantities.iter().zip(values.iter_mut()) {
            let Some(value) = value else { continue };
            if !quantity.range.contains(value) {
                let what = quantity.what.clone().into_owned();
                return Err(Trouble::OutOfRange { what, value: *value });
            }
            *value = quantity.rounded(*value);
        }
        if let Some(longest) = self.longest_still {
            self.stillness.check(codes, at.monotonic_ms, longest)?;
        }
        self.jumps.check(&self.quantities, values, at.monotonic_ms)
    }

    /// Tries until it works or there is no point in trying again. The first trouble is what is told: those
    /// that follow may only be its consequence.
    fn try_on(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        let was_there = self.session.is_some();
        let mut pauses = PAUSES.iter();
        let mut first = None;
        loop {
            let Err(trouble) = self.attempt(at, values) else {
                // That a chip has nothing new after it was set up anew does not undo what was before.
                return first.filter(|_| values.iter().all(Option::is_none)).map_or(Ok(()), Err);
            };
            // What jumped is measured again by the same session; all else is a reason to start anew.
            if !matches!(trouble, Trouble::Jump { .. }) {
                self.session = None;
            }
            self.rests = trouble.is_dear();
            let passing = trouble.is_passing(was_there);
            let told = first.take().unwrap_or(trouble);
            match (pauses.next(), self.chip.bus()) {
                (Some(pause), Some(bus)) if passing => bus.wait(*pause),
                _ => {
                    self.session = None;
                    return Err(told);
                }
            }
            first = Some(told);
        }
    }
}

impl Sensor for ChipSensor {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        if std::mem::take(&mut self.rests)
            && let Some(fault) = self.last
        {
            return Err(fault);
        }
        if let Some(bus) = self.chip.bus() {
            bus.begin(at);
        }
        let was_there = self.session.is_some();
        match self.try_on(at, values) {
            Ok(()) => {
                // That there is nothing new yet does not prove a chip that had a fault to be well.
                if let Some(fault) = self.last
                    && values.iter().all(Option::is_none)
                {
                    return Err(fault);
                }
                if self.last.take().is_some() {
                    tracing::info!(sensor = %self.id, "the {} measures again", self.chip.title());
                }
                Ok(())
            }
            Err(trouble) => {
                let fault = trouble.fault(was_there);
                if self.last.replace(fault) != Some(fault) {
                    let title = self.chip.title();
                    tracing::warn!(sensor = %self.id, %fault, "no readings of the {title}: {trouble}");
                }
                Err(fault)
            }
        }
    }
}

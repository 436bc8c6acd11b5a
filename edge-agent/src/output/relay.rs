//! A relay: obeys, and is safe when nobody commands it.

use super::{
    config::{Peer, RelayConfig},
    driven::{DriveError, Driven},
    link::Link,
};
use crate::{
    clock::Moment,
    gpio::{Board, OnOff, PinConfig},
    sensor::Sensor,
};
use protocol::{Fault, Kind, MetricDescription, MetricName, SensorId, Unit};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Milliseconds between two looks for a line that is not there.
const RETRY_MS: u64 = 10_000;

/// An output that is switched by command.
pub(super) struct Relay {
    id: SensorId,
    label: String,
    driven: Driven,
    safe: bool,
    peer: Peer,
    after_ms: u64,
    /// When it was last commanded: whoever did so was there.
    commanded_ms: AtomicU64,
}

impl Relay {
    /// Safe from the first moment.
    pub(super) fn new(config: &RelayConfig, board: Arc<Board>, now_ms: u64) -> Self {
        let safe = config.safe == OnOff::On;
        let id = config.name.id().clone();
        let driven = Driven::new(board, config.pin, config.active_low, safe);
        if let Err(error) = driven.is_on(false) {
            tracing::warn!(output = %id, pin = %config.pin, "the output cannot be switched: {error}");
        }
        Self {
            label: config.label.clone().unwrap_or_else(|| id.as_str().replace('_', " ")),
            id,
            driven,
            safe,
            peer: config.safe_on_loss_of,
            after_ms: config.safe_after_seconds.milliseconds(),
            commanded_ms: AtomicU64::new(now_ms),
        }
    }

    pub(super) fn id(&self) -> &SensorId {
        &self.id
    }

    pub(super) fn pin(&self) -> PinConfig {
        self.driven.pin()
    }

    /// Does what somebody commanded.
    pub(super) fn obey(&self, on: bool, now_ms: u64) -> Result<(), DriveError> {
        self.driven.set(on)?;
        self.commanded_ms.store(now_ms, Ordering::Relaxed);
        tracing::info!(output = %self.id, on, "switched by command");
        Ok(())
    }

    /// Makes it safe, and says why if that changes anything.
    pub(super) fn make_safe(&self, why: &str) {
        let changes = self.driven.wanted() != self.safe;
        match self.driven.set(self.safe) {
            Ok(()) if changes => tracing::warn!(output = %self.id, on = self.safe, "made safe: {why}"),
            Err(error) if changes => tracing::error!(output = %self.id, "cannot be made safe: {error}"),
            _ => {}
        }
    }

    /// The same without waiting and without a word.
    pub(super) fn make_safe_at_once(&self) -> bool {
        self.driven.set_at_once(self.safe)
    }

    /// Makes it safe if it has to be by now; else when it has to be looked at again, if ever.
    pub(super) fn heed(&self, link: &Link, now_ms: u64) -> Option<u64> {
        if self.driven.wanted() == self.safe {
            return None;
        }
        let since_ms = link.lost_since_ms(self.peer)?.max(self.commanded_ms.load(Ordering::Relaxed));
        let due_ms = since_ms.saturating_add(self.after_ms);
        if due_ms > now_ms {
            return Some(due_ms);
        }
        self.make_safe(&format!("no word of the {} for {} s", self.peer, self.after_ms / 1000));
        None
    }
}

/// What a relay really is, as a sensor like any other.
pub(super) struct RelaySensor {
    relay: Arc<Relay>,
    metrics: [MetricDescription; 1],
    retry_ms: u64,
    /// What was wrong at the last tick: the log tells changes only.
    last: Option<String>,
}

impl RelaySensor {
    pub(super) fn new(relay: Arc<Relay>) -> Self {
        let name = MetricName::new(relay.id.as_str(), Unit::Flag);
        let mut label = relay.label.clone();
        if let Some(first) = label.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let metrics = [MetricDescription {
            name: name.expect("an instance name begins a metric name and leaves room"),
            unit: Unit::Flag,
            sensor: relay.id.clone(),
            label,
            kind: Kind::Gauge,
        }];
        Self { relay, metrics, retry_ms: 0, last: None }
    }
}

impl Sensor for RelaySensor {
    fn id(&self) -> &SensorId {
        &self.relay.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let reopen = at.monotonic_ms >= self.retry_ms;
        match self.relay.driven.is_on(reopen) {
            Ok(on) => {
                values[0] = Some(f64::from(u8::from(on)));
                if self.last.take().is_some() {
                    tracing::info!(output = %self.relay.id, "the output follows again");
                }
                Ok(())
            }
            Err(error) => {
                if reopen {
                    self.retry_ms = at.monotonic_ms + RETRY_MS;
                }
                let fault = match error {
                    DriveError::Pin(_) => Fault::Absent,
                    DriveError::Held { .. } => Fault::Stuck,
                };
                let told = error.to_string();
                if self.last.as_ref() != Some(&told) {
                    tracing::warn!(output = %self.relay.id, %fault, "the output is not as it should be: {told}");
                    self.last = Some(told);
                }
                Err(fault)
            }
        }
    }
}

//! The window and the outbox at full speed: time is simulated, summaries are acknowledged as a hub does it.

use edge_agent::{
    catalogue::Catalogue,
    clock::Moment,
    publish::{Outbox, Parcel},
    sample::Sample,
    sensor::{HostConfig, SensorConfig, registry},
    window::{Report, Reporter},
};
use protocol::{Ack, BootId, ClockTrust, Version};

const WINDOW_MS: u64 = 60_000;
/// How many summaries wait when the hub acknowledges them.
const UNACKNOWLEDGED: u64 = 5;

/// An agent without sensors, clock and network.
pub struct Drive {
    reporter: Reporter,
    outbox: Outbox,
    boot: BootId,
    metrics: usize,
    interval_ms: u64,
    tick: u64,
}

impl Drive {
    /// With the metrics that this machine and a BME280 have, sampled every `interval_ms`.
    pub fn new(interval_ms: u64) -> Self {
        let lanes = registry(&HostConfig::default(), &[SensorConfig::simulated()], &Default::default())
            .expect("defaults fit");
        let catalogue = Catalogue::of(&lanes);
        let boot: BootId = "steady".parse().expect("letters make an id");
        let metrics = catalogue.len();
        let reporter = Reporter::new(catalogue, boot.clone(), WINDOW_MS, Default::default());
        Self { reporter, outbox: Outbox::new(512 * 1024), boot, metrics, interval_ms, tick: 0 }
    }

    /// Runs on until so many windows have been summarised since the start.
    pub fn run_to(&mut self, windows: u64) {
        while self.tick < windows * WINDOW_MS / self.interval_ms {
            self.step();
        }
    }

    /// One tick: a sample goes in, what is due goes out, and the hub answers now and then.
    pub fn step(&mut self) {
        self.tick += 1;
        let monotonic_ms = self.tick * self.interval_ms;
        let time_ms = 1_800_000_000_000 + monotonic_ms.cast_signed();
        let at = Moment { monotonic_ms, time_ms, clock: ClockTrust::Synchronized };
        // Always as many digits, so that all messages are as long.
        let value = |metric: usize| Some(100.5 + ((self.tick + metric as u64) % 400) as f64);
        let values = (0..self.metrics).map(value).collect();
        let sample = Sample { at, span_ms: self.interval_ms, values, faults: Vec::new(), top: None };
        for report in self.reporter.take(&sample) {
            let Report::Summary { sequence, json } = report else { continue };
            self.outbox.push(Parcel::new(self.boot.clone(), sequence, json, monotonic_ms));
            let due = self.outbox.due(1, usize::MAX).len();
            self.outbox.mark_sent(due, monotonic_ms);
            if sequence % UNACKNOWLEDGED == 0 {
                let ack = Ack { version: Version, boot: self.boot.clone(), sequence, missing: Vec::new() };
                self.outbox.acknowledge(&ack, monotonic_ms, 30_000);
                assert!(self.outbox.is_empty(), "all was acknowledged");
            }
        }
    }
}

//! What the stages have to tell.

use super::{ConfigReport, ConnectionReport, Report, SensorReport, cost};
use crate::catalogue::Catalogue;
use protocol::{DeviceId, Fault, SensorId};
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// How the agent is: the stages note here what changes. Touched when something changes, and when somebody asks; never at a tick
/// at which nothing does.
#[derive(Debug)]
pub struct Health {
    device: DeviceId,
    started_ms: u64,
    waiting_in_memory: AtomicU64,
    waiting_on_disk: AtomicU64,
    dropped: AtomicU64,
    notes: Mutex<Notes>,
}

/// What a configuration sets.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// Address of the broker.
    pub broker: String,
    /// Milliseconds between two samples.
    pub interval_ms: u64,
    /// Length of the rolling window in milliseconds.
    pub window_ms: u64,
    /// Each sensor and the number of its metrics.
    pub sensors: Vec<(SensorId, usize)>,
}

#[derive(Debug, Default)]
struct Notes {
    facts: Facts,
    config: ConfigReport,
    connected: bool,
    connection_since_ms: u64,
    connects: u64,
    last_error: Option<String>,
    /// Each fault with the time at which it was first seen.
    faults: Vec<(SensorId, Fault, u64)>,
}

impl Health {
    /// That of an agent that starts at `now_ms` of monotonic time.
    pub fn new(device: DeviceId, config_path: String, now_ms: u64) -> Self {
        let config = ConfigReport { path: config_path, ..ConfigReport::default() };
        let notes = Notes { config, connection_since_ms: now_ms, ..Notes::default() };
        let (waiting_in_memory, waiting_on_disk) = (AtomicU64::new(0), AtomicU64::new(0));
        let (dropped, notes) = (AtomicU64::new(0), Mutex::new(notes));
        Self { device, started_ms: now_ms, waiting_in_memory, waiting_on_disk, dropped, notes }
    }

    /// Notes what is configured.
    pub fn configured(&self, facts: Facts) {
        self.notes().facts = facts;
    }

    /// Notes that the config file was taken over while the agent ran, but for the keys that take a restart.
    pub fn reloaded(&self, after_restart: &[&str]) {
        let mut notes = self.notes();
        notes.config.reloads += 1;
        notes.config.problems.clear();
        notes.config.after_restart = after_restart.iter().map(|key| (*key).to_owned()).collect();
    }

    /// Notes what is wrong with the config file, which was not taken over.
    pub fn refused(&self, problems: Vec<String>) {
        self.notes().config.problems = problems;
    }

    /// Notes that the broker is connected.
    pub fn connected(&self, now_ms: u64) {
        let mut notes = self.notes();
        (notes.connected, notes.connection_since_ms) = (true, now_ms);
        notes.connects += 1;
    }

    /// Notes that the broker is not connected, and why.
    pub fn disconnected(&self, now_ms: u64, reason: Option<String>) {
        let mut notes = self.notes();
        if notes.connected {
            (notes.connected, notes.connection_since_ms) = (false, now_ms);
        }
        notes.last_error = reason.or(notes.last_error.take());
    }

    /// Notes the faults of a tick, if they are not those of the tick before. `faults` holds them from one
    /// call to the next.
    pub fn faults(&self, faults: &[(SensorId, Fault)], now_ms: u64) {
        let mut notes = self.notes();
        let since = |(id, fault): &(SensorId, Fault)| {
            let same = notes.faults.iter().find(|(other, was, _)| other == id && was == fault);
            (id.clone(), *fault, same.map_or(now_ms, |(.., since)| *since))
        };
        notes.faults = faults.iter().map(since).collect();
    }

    /// Notes how many summaries wait for the hub in memory and, if that is known, on disk, and how many were
    /// dropped.
    pub fn summaries(&self, (in_memory, on_disk): (usize, Option<u64>), dropped: u64) {
        self.waiting_in_memory.store(in_memory as u64, Ordering::Relaxed);
        if let Some(on_disk) = on_disk {
            self.waiting_on_disk.store(on_disk, Ordering::Relaxed);
        }
        self.dropped.store(dropped, Ordering::Relaxed);
    }

    /// How the agent is at `now_ms`.
    pub fn report(&self, now_ms: u64) -> Report {
        let notes = self.notes();
        let uptime_ms = now_ms.saturating_sub(self.started_ms);
        let seconds = |since_ms: u64| now_ms.saturating_sub(since_ms) / 1000;
        let sensor = |(id, metrics): &(SensorId, usize)| {
            let fault = notes.faults.iter().find(|(other, ..)| other == id);
            SensorReport {
                id: id.clone(),
                metrics: *metrics,
                fault: fault.map(|(_, fault, _)| *fault),
                for_seconds: fault.map(|(.., since)| seconds(*since)),
            }
        };
        Report {
            device: self.device.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_seconds: uptime_ms / 1000,
            interval_ms: notes.facts.interval_ms,
            window_ms: notes.facts.window_ms,
            config: notes.config.clone(),
            connection: ConnectionReport {
                broker: notes.facts.broker.clone(),
                connected: notes.connected,
                for_seconds: seconds(notes.connection_since_ms),
                reconnects: notes.connects.saturating_sub(1),
                last_error: notes.last_error.clone(),
            },
            sensors: notes.facts.sensors.iter().map(sensor).collect(),
            waiting_in_memory: self.waiting_in_memory.load(Ordering::Relaxed),
            waiting_on_disk: self.waiting_on_disk.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            cost: cost::own(uptime_ms),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Facts {
    /// What is configured, with the sensors of `catalogue`.
    pub fn of(broker: String, interval_ms: u64, window_ms: u64, catalogue: &Catalogue) -> Self {
        let sensors = catalogue.sensors().iter().map(|(id, metrics)| (id.clone(), metrics.len())).collect();
        Self { broker, interval_ms, window_ms, sensors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        let health = Health::new("roof".parse().unwrap(), "agent.toml".to_owned(), 10_000);
        let sensors = vec![("cpu".parse().unwrap(), 3), ("bme280".parse().unwrap(), 3)];
        health.configured(Facts { broker: "mqtt://hub:1883".into(), sensors, ..Facts::default() });
        health
    }

    #[test]
    fn a_fault_has_the_age_of_its_first_tick() {
        let (health, id) = (health(), "bme280".parse::<SensorId>().unwrap());
        health.faults(&[(id.clone(), Fault::Absent)], 20_000);
        health.faults(&[(id.clone(), Fault::Absent)], 25_000);
        let sensors = health.report(30_000).sensors;
        assert_eq!((sensors[1].fault, sensors[1].for_seconds), (Some(Fault::Absent), Some(10)));
        assert_eq!((sensors[0].fault, sensors[0].for_seconds), (None, None));
        health.faults(&[(id, Fault::Stuck)], 30_000);
        assert_eq!(health.report(31_000).sensors[1].for_seconds, Some(1), "another fault is a new one");
        health.faults(&[], 35_000);
        assert_eq!(health.report(40_000).sensors[1].fault, None);
    }

    #[test]
    fn reconnects_are_counted_and_the_last_reason_stays() {
        let health = health();
        health.disconnected(12_000, Some("refused".into()));
        assert_eq!(health.report(13_000).connection.for_seconds, 3, "since the start");
        health.connected(14_000);
        health.disconnected(20_000, Some("reset".into()));
        health.disconnected(21_000, Some("refused".into()));
        assert_eq!(health.report(25_000).connection.for_seconds, 5, "since it was lost");
        health.connected(26_000);
        let report = health.report(27_000);
        assert_eq!((report.connection.reconnects, report.connection.for_seconds), (1, 1));
        assert_eq!(report.connection.last_error.as_deref(), Some("refused"));
        assert_eq!(report.uptime_seconds, 17);
    }

    #[test]
    fn a_config_that_was_refused_is_told_until_a_good_one_comes() {
        let health = health();
        health.refused(vec!["agent.toml:1: x".into()]);
        assert_eq!(health.report(0).config.problems, ["agent.toml:1: x"]);
        health.reloaded(&[]);
        assert_eq!((health.report(0).config.problems.len(), health.report(0).config.reloads), (0, 1));
    }
}

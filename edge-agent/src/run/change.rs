//! Taking over a new configuration while the agent runs.

use super::{Agent, StartError, settings, socket};
use crate::{
    config::{Config, Purpose},
    publish::Connection,
    sensor,
};
use common::config_file::Problem;
use protocol::{SensorId, Topics};
use std::time::Duration;

impl Agent {
    /// Reads the configuration again, because of `reason`, and changes what it changes. One with a mistake
    /// in it is told and left alone.
    pub(super) async fn reload(mut self, reason: &str) -> Result<Self, StartError> {
        let sound = match self.loader.load(Purpose::Run, &self.machine) {
            Ok(sound) => sound,
            Err(problems) => {
                problems.0.iter().for_each(|problem| tracing::error!("{problem}"));
                tracing::error!(
                    "not reloaded ({reason}): the configuration of before stays until it is right"
                );
                self.board.refused(problems.0.iter().map(Problem::to_string).collect());
                return Ok(self);
            }
        };
        sound.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let mut config = sound.config;
        let device = config.device(&self.machine.hostname, self.machine.serial.as_deref())?;
        if device != self.device {
            tracing::warn!(
                "device = {device} takes a restart: until then it stays {}, and all else is as configured now",
                self.device
            );
            config.device = Some(self.device.clone());
        }
        if let Err(error) = self.change_sensors(&config) {
            let line = format!("not reloaded ({reason}): {error}; the configuration of before stays");
            tracing::error!("{line}");
            self.board.refused(vec![line]);
            return Ok(self);
        }
        let mut agent = self.change_connection(&config).await?;
        if agent.config.status != config.status {
            // The old one first: the new one may be at the same place.
            agent.socket = None;
            agent.socket = socket(&config, &agent.board);
        }
        agent.config = config;
        agent.note_facts();
        agent.board.reloaded();
        let (metrics, interval_ms) = (agent.sampler.catalogue().len(), agent.config.interval_ms());
        tracing::info!(metrics, interval_ms, "reloaded ({reason})");
        Ok(agent)
    }

    /// Sensors, interval and window. Whoever is configured as before goes on as if nothing had happened.
    fn change_sensors(&mut self, config: &Config) -> Result<(), StartError> {
        let lanes = sensor::registry(&config.host.clone().unwrap_or_default(), &config.sensor)?;
        let host_stays =
            self.config.host.clone().unwrap_or_default() == config.host.clone().unwrap_or_default();
        let before = |name: &str| self.config.sensor.iter().find(|sensor| sensor.id().as_str() == name);
        let now = |name: &str| config.sensor.iter().find(|sensor| sensor.id().as_str() == name);
        let unchanged = |name: &str| match (before(name), now(name)) {
            (Some(before), Some(now)) => before == now,
            (None, None) => host_stays,
            _ => false,
        };
        // A sensor that is configured otherwise may be another one. The machine is the same in any case.
        let keeps = |id: &SensorId| {
            unchanged(id.as_str()) || (before(id.as_str()).is_none() && now(id.as_str()).is_none())
        };
        let (interval_ms, window_ms) = (config.interval_ms(), config.window_ms());
        let interval = Duration::from_millis(interval_ms);
        self.sampler.change(lanes, unchanged, interval).map_err(StartError::Threads)?;
        let catalogue = self.sampler.catalogue().clone();
        let metrics = catalogue.metrics().to_vec();
        if let Some(report) = self.reporter.change(catalogue, keeps, interval_ms, window_ms) {
            self.publisher.take(report, &self.connection);
        }
        self.publisher.describe(interval_ms, window_ms, &metrics, &self.connection);
        Ok(())
    }

    /// The broker. What it has not acknowledged stays in the outbox and goes out at the new connection.
    async fn change_connection(mut self, config: &Config) -> Result<Self, StartError> {
        let topics = Topics::new(config.mqtt.prefix.clone());
        let settings = settings(config, &topics, &self.device)?;
        if settings == self.settings {
            return Ok(self);
        }
        tracing::info!(broker = %settings.url, "reconnecting, as configured now");
        // One after the other: the broker knows both by one client id, and `offline` must not come last.
        self.publisher.leave(self.connection).await;
        self.publisher.move_to(topics);
        self.connection = Connection::open(settings.clone())?;
        self.settings = settings;
        Ok(self)
    }
}

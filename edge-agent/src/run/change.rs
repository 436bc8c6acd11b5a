//! Taking over a new configuration while the agent runs.

use super::{Agent, StartError, discovery, settings, socket};
use crate::{
    config::{Config, Purpose},
    discovery::host_sensors,
    gpio::Board,
    output::Outputs,
    publish::{Connection, Publisher, Settings},
    sensor::{self, GPIO_LANE, HOST_LANE, SensorConfig},
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
                tracing::error!("not reloaded ({reason}): all stays as it was until this is right");
                self.health.refused(problems.0.iter().map(Problem::to_string).collect());
                return Ok(self);
            }
        };
        sound.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let mut config = sound.config;
        let after_restart = self.hold_back(&mut config);
        if !after_restart.is_empty() {
            let keys = after_restart.join(", ");
            tracing::warn!("changed, but only a restart takes it over: {keys}");
        }
        if let Err(error) = self.change_sensors(&config) {
            let line = format!("not reloaded ({reason}): {error}; all stays as it was");
            tracing::error!("{line}");
            self.health.refused(vec![line]);
            return Ok(self);
        }
        self.publisher.acknowledged(config.mqtt.delivery);
        let mut agent = self.change_connection(&config).await?;
        if agent.config.status != config.status {
            // The old one first: the new one may be at the same place.
            agent.socket = None;
            agent.socket = socket(&config, &agent.health);
        }
        agent.config = config;
        agent.note_facts();
        agent.health.reloaded(&after_restart);
        let (metrics, interval_ms) = (agent.sampler.catalogue().len(), agent.config.interval_ms());
        tracing::info!(metrics, interval_ms, "reloaded ({reason})");
        Ok(agent)
    }

    /// Puts back what only a restart changes, and names it: what hangs on lines of the header, which must not
    /// twitch; commands, of which those obeyed are remembered; files on disk; and who the device is.
    fn hold_back(&self, config: &mut Config) -> Vec<&'static str> {
        let now = &self.config;
        let mut held = Vec::new();
        let device = config.device(&self.machine.hostname, self.machine.serial.as_deref());
        if device.is_ok_and(|device| device != self.device) {
            held.push("device");
        }
        config.device = Some(self.device.clone());
        if config.spool != now.spool {
            held.push("spool");
            config.spool = now.spool.clone();
        }
        if config.output != now.output {
            held.push("output");
            config.output.clone_from(&now.output);
        }
        if config.commands.clone().unwrap_or_default() != now.commands.clone().unwrap_or_default() {
            held.push("commands");
        }
        config.commands.clone_from(&now.commands);
        let on_pins = |config: &Config| -> Vec<SensorConfig> {
            config.sensor.iter().filter(|sensor| sensor.is_on_pin()).cloned().collect()
        };
        if on_pins(config) != on_pins(now) {
            held.push("sensor (those with a pin)");
            config.sensor.retain(|sensor| !sensor.is_on_pin());
            config.sensor.extend(on_pins(now));
        }
        held
    }

    /// Sensors, interval and window. Whoever is configured as before goes on as if nothing had happened.
    fn change_sensors(&mut self, config: &Config) -> Result<(), StartError> {
        let (before, after) = (&self.config, config);
        // What is on pins goes on as it is; here it only stands in.
        let outputs = Outputs::new(&after.output, Board::inert(), 0);
        let (host_before, host_after) =
            (before.host.clone().unwrap_or_default(), after.host.clone().unwrap_or_default());
        let lanes = sensor::registry(&host_after, &after.sensor, &outputs)?;
        let host = host_sensors(&lanes);
        let of = |config: &'_ Config, id: &str| -> Option<SensorConfig> {
            config.sensor.iter().find(|sensor| sensor.id().as_str() == id).cloned()
        };
        // A sensor that is configured otherwise may be another one. Those that no [[sensor]] describes, of the
        // machine and of outputs, stay what they are.
        let same = |id: &str| of(before, id) == of(after, id);
        let unchanged = |lane: &str| match lane {
            HOST_LANE => host_before == host_after,
            GPIO_LANE => true,
            id => same(id),
        };
        let (interval_ms, window_ms) = (after.interval_ms(), after.window_ms());
        let interval = Duration::from_millis(interval_ms);
        self.sampler.rebuild(lanes, unchanged, interval).map_err(StartError::Threads)?;
        let catalogue = self.sampler.catalogue().clone();
        let metrics = catalogue.metrics().to_vec();
        let keeps = |id: &SensorId| same(id.as_str());
        if let Some(report) = self.reporter.change(catalogue, keeps, window_ms) {
            self.publisher.take(report, &self.connection);
        }
        self.publisher.describe(interval_ms, window_ms, &metrics, host, &self.connection);
        Ok(())
    }

    /// The broker. What it has not acknowledged waits for the new connection.
    async fn change_connection(mut self, config: &Config) -> Result<Self, StartError> {
        let topics = Topics::new(config.mqtt.prefix.clone());
        let host = self.publisher.host_sensors().clone();
        let discovery = discovery(config, &topics, &self.device, host, &self.outputs);
        let subscriptions = Publisher::subscriptions_of(&topics, &self.device, &discovery);
        let settings = Settings {
            commands: self.settings.commands.clone(),
            ..settings(config, &topics, &self.device, subscriptions)?
        };
        if settings.same_as(&self.settings) {
            return Ok(self);
        }
        tracing::info!(broker = %settings.url, "reconnecting, as configured now");
        // One after the other: the broker knows both by one client id, and `offline` must not come last.
        self.publisher.change_connection(self.connection, topics, discovery).await;
        self.connection = Connection::open(settings.clone())?;
        self.settings = settings;
        Ok(self)
    }
}

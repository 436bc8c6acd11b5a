//! Reading the configuration, at the start and again while the agent runs.

use super::{Config, DEFAULT_PATH, check};
use crate::{identity::Machine, sensor::SensorConfig};
use common::{
    broker_url::BrokerUrl,
    config_file::{self, Problem, Problems, Sources},
};
use protocol::DeviceId;
use std::path::{Path, PathBuf};

/// What the command line says, over everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Address of the broker.
    pub url: Option<BrokerUrl>,
    /// Id of the device.
    pub device: Option<DeviceId>,
}

/// Reads the configuration, as often as wanted.
#[derive(Debug, Clone, Default)]
pub struct Loader {
    /// The file that was named.
    pub path: Option<PathBuf>,
    /// What the command line says.
    pub overrides: Overrides,
    /// Whether a simulated BME280 is added to the sensors.
    pub simulate: bool,
}

/// What a configuration is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To measure and publish.
    Run,
    /// Only to measure: a broker need not be set.
    Measure,
}

/// A configuration with nothing wrong in it.
#[derive(Debug)]
pub struct Sound {
    /// It.
    pub config: Config,
    /// What its owner should think about.
    pub warnings: Vec<Problem>,
}

impl Loader {
    /// The file that is read, if it is there.
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or_else(|| Path::new(DEFAULT_PATH))
    }

    /// Reads the configuration of `machine`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with place and remedy.
    pub fn load(&self, purpose: Purpose, machine: &Machine) -> Result<Sound, Problems> {
        let mut sources = Sources::of_process(self.path.as_deref(), Path::new(DEFAULT_PATH));
        self.add_command_line(&mut sources);
        self.finish(config_file::load(sources), purpose, machine)
    }

    fn add_command_line(&self, sources: &mut Sources<'_, <Config as confique::Config>::Layer>) {
        let Overrides { url, device } = self.overrides.clone();
        sources.flags.extend(url.as_ref().map(|_| ("mqtt.url", "--hub")));
        sources.flags.extend(device.as_ref().map(|_| ("device", "--device")));
        sources.command_line.mqtt.url = url;
        sources.command_line.device = device;
    }

    fn finish(
        &self,
        loaded: config_file::Loaded<Config>,
        purpose: Purpose,
        machine: &Machine,
    ) -> Result<Sound, Problems> {
        let mut problems = loaded.problems;
        let Some(mut config) = loaded.config else { return Err(Problems(problems)) };
        if self.simulate {
            config.sensor.push(SensorConfig::simulated());
        }
        problems.extend(check::check(&config, &loaded.places, purpose, machine));
        if problems.iter().all(|problem| problem.warning) {
            return Ok(Sound { config, warnings: problems });
        }
        // In the order of the file; what is about no line of it comes last.
        problems.sort_by_key(|problem| problem.line().unwrap_or(usize::MAX));
        Err(Problems(problems))
    }
}

#[cfg(test)]
impl Loader {
    /// The same with a text in place of the file, and nothing in the environment.
    pub(super) fn load_text(
        &self,
        text: &str,
        purpose: Purpose,
        machine: &Machine,
    ) -> Result<Sound, Problems> {
        self.load_text_with(text, &|_| None, purpose, machine)
    }

    /// The same with these variables.
    pub(super) fn load_text_with(
        &self,
        text: &str,
        variable: &dyn Fn(&str) -> Option<std::ffi::OsString>,
        purpose: Purpose,
        machine: &Machine,
    ) -> Result<Sound, Problems> {
        let mut sources = Sources { variable, ..Sources::of_process(None, Path::new("/no/such/file")) };
        self.add_command_line(&mut sources);
        self.finish(config_file::compose(sources, Some("agent.toml"), text), purpose, machine)
    }
}

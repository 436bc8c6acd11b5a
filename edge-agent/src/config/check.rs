//! What can be wrong with a configuration although each value by itself can be.

use super::{Config, Purpose};
use crate::{
    gpio::Board,
    identity::Machine,
    output::{self, OutputConfig, OutputConfigError, Outputs},
    sensor::{self, RegistryError},
};
use common::{
    config_file::{Places, Problem},
    secret::{Secret, SecretError},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Seconds between two samples that make sense.
const INTERVAL: std::ops::RangeInclusive<f64> = 0.1..=60.0;
/// Longest rolling window, in seconds.
const LONGEST_WINDOW: f64 = 3600.0;
/// Seconds that a summary may wait in memory.
const AFTER: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;
/// Megabytes that the spool may take.
const MEGABYTES: std::ops::RangeInclusive<u64> = 1..=100_000;
/// Where orchestrators put secrets: readable for all of a container's users, of which there is one.
const SECRETS: &str = "/run/secrets";

/// All that is wrong with `config`, and what its owner should think about.
pub(super) fn check(config: &Config, places: &Places, purpose: Purpose, machine: &Machine) -> Vec<Problem> {
    let mut problems = times(config, places);
    problems.extend(spool(config, places));
    problems.extend(parts(config, places));
    if purpose == Purpose::Run {
        problems.extend(device(config, places, machine));
        problems.extend(broker(config, places));
    }
    problems
}

fn times(config: &Config, places: &Places) -> Vec<Problem> {
    let (interval, window) = (config.interval_seconds, config.window_seconds);
    if !INTERVAL.contains(&interval) {
        let text = format!("{interval} cannot be; give 0.1 to 60 seconds");
        return vec![places.problem("interval_seconds", text)];
    }
    if !(interval..=LONGEST_WINDOW).contains(&window) && !places.is_broken("interval_seconds") {
        let text = format!("{window} cannot be; give {interval} (interval_seconds) to 3600 seconds");
        return vec![places.problem("window_seconds", text)];
    }
    Vec::new()
}

fn spool(config: &Config, places: &Places) -> Vec<Problem> {
    let spool = &config.spool;
    let seconds = (!AFTER.contains(&spool.after_seconds)).then(|| {
        let text = format!("{} cannot be; give 0.1 to 86400 seconds", spool.after_seconds);
        places.problem("spool.after_seconds", text)
    });
    let megabytes = (!MEGABYTES.contains(&spool.megabytes)).then(|| {
        let text = format!("{} cannot be; give 1 to 100000 megabytes", spool.megabytes);
        places.problem("spool.megabytes", text)
    });
    seconds.into_iter().chain(megabytes).collect()
}

fn device(config: &Config, places: &Places, machine: &Machine) -> Option<Problem> {
    if places.is_broken("device") {
        return None;
    }
    let error = config.device(&machine.hostname, machine.serial.as_deref()).err()?;
    Some(places.problem("device", error.to_string()))
}

/// Whatever contradicts what stands before it is noted and left out, until the rest agrees.
fn parts(config: &Config, places: &Places) -> Vec<Problem> {
    let host = config.host.clone().unwrap_or_default();
    // No line of the machine is touched: an agent that runs may be driving it.
    let tried = |outputs: &[OutputConfig]| Outputs::new(outputs, Board::inert(), 0);
    if let Err(error) = sensor::registry(&host, &[], &Outputs::default()) {
        // Without a sound host nothing else can be judged.
        return vec![places.problem("host.disk_mounts", error.to_string())];
    }
    let window_ms = if times(config, places).is_empty() { config.window_ms() } else { 0 };
    let mut problems = Vec::new();
    let mut outputs = Vec::new();
    for (place, output) in config.output.iter().enumerate() {
        outputs.push(output.clone());
        let found = output::check(&outputs, window_ms).map_err(|error| (key_of(&error), error.to_string()));
        let found = found.and_then(|()| {
            let built = sensor::registry(&host, &[], &tried(&outputs));
            built.map_err(|error| (sensor_key(&error), error.to_string()))
        });
        if let Err((key, text)) = found {
            outputs.pop();
            problems.push(places.problem(&format!("output.{place}{key}"), text));
        }
    }
    let mut sensors = Vec::new();
    for (place, sensor) in config.sensor.iter().enumerate() {
        sensors.push(sensor.clone());
        if let Err(error) = sensor::registry(&host, &sensors, &tried(&outputs)) {
            sensors.pop();
            problems
                .push(places.problem(&format!("sensor.{place}{}", sensor_key(&error)), error.to_string()));
        }
    }
    problems
}

/// The key to change.
fn key_of(error: &OutputConfigError) -> &'static str {
    match error {
        OutputConfigError::SameName(_) => ".name",
        OutputConfigError::TwoLights => ".role",
        OutputConfigError::TooSoon { .. } => ".safe_after_seconds",
    }
}

fn sensor_key(error: &RegistryError) -> &'static str {
    match error {
        RegistryError::SamePlace { .. } | RegistryError::NoSuchAddress { .. } => ".address",
        RegistryError::SameId(_) | RegistryError::SameMetric { .. } => ".name",
        RegistryError::SamePin { .. } => ".pin",
        RegistryError::NotSimulated { .. } => ".bus",
        RegistryError::Altitude { .. } => ".altitude_meters",
        RegistryError::Nothing(_) | RegistryError::Twice { .. } => ".channel",
        RegistryError::Mount(_) => "",
    }
}

fn broker(config: &Config, places: &Places) -> Vec<Problem> {
    let mqtt = &config.mqtt;
    let mut problems = Vec::new();
    if !places.is_broken("mqtt.url")
        && let Err(error) = mqtt.url()
    {
        problems.push(places.problem("mqtt.url", error.to_string()));
    }
    let login = ["mqtt.username", "mqtt.password", "mqtt.password_file"];
    let broken = login.iter().any(|key| places.is_broken(key));
    let found =
        Secret::login(mqtt.username.as_deref(), mqtt.password.as_ref(), mqtt.password_file.as_deref());
    match found {
        Err(SecretError::HalfLogin) if broken => {}
        Err(error @ SecretError::HalfLogin) => {
            let user = mqtt.username.as_ref().is_some_and(|user| !user.is_empty());
            let key = match (user, &mqtt.password) {
                (true, _) => "mqtt.username",
                (false, Some(_)) => "mqtt.password",
                (false, None) => "mqtt.password_file",
            };
            problems.push(places.problem(key, error.to_string()));
        }
        Err(error) => problems.push(places.problem("mqtt.password_file", error.to_string())),
        Ok(_) => {}
    }
    if let Some(file) = &mqtt.ca_file
        && let Err(error) = common::tls::transport(Some(file))
    {
        problems.push(places.problem("mqtt.ca_file", error.to_string()));
    }
    problems.extend(exposed(config, places));
    problems
}

/// Passwords that every user of the machine can read.
fn exposed(config: &Config, places: &Places) -> Vec<Problem> {
    let warn = |key: &str, file: &Path| {
        let text = format!("every user of this machine can read it; chmod o-r {}", file.display());
        places.warning(key, text)
    };
    let in_config = config.mqtt.password.as_ref().and_then(|_| places.file_of("mqtt.password"));
    let file = config.mqtt.password_file.as_deref().filter(|file| !file.starts_with(SECRETS));
    let of_config = in_config.filter(|file| all_may_read(file)).map(|file| warn("mqtt.password", file));
    let of_file = file.filter(|file| all_may_read(file)).map(|file| warn("mqtt.password_file", file));
    of_config.into_iter().chain(of_file).collect()
}

fn all_may_read(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o004 != 0)
}

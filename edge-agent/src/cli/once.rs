//! `edge-agent once`: one sample, on the screen.

use super::{say, table::table, tell};
use crate::{
    catalogue::Catalogue,
    config::{Loader, Purpose},
    identity::Machine,
    output::Outputs,
    sample::{Sample, Sampler},
    sensor,
};
use common::{exit, logs};
use protocol::{ClockTrust, Fault, MetricName, SensorId};
use serde::Serialize;
use std::{collections::BTreeMap, io, time::Duration};

/// What a rate is measured over: it has none at the first sample.
const RATES: Duration = Duration::from_secs(1);
/// As the sampler's interval it gives each sensor two seconds.
const INTERVAL: Duration = Duration::from_secs(4);

/// One sample as JSON. Keys may be added.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    /// Milliseconds since 1970 UTC.
    time_ms: i64,
    clock: ClockTrust,
    /// What rates are over, if it took two samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    rates_over_ms: Option<u64>,
    values: BTreeMap<&'a MetricName, f64>,
    faults: BTreeMap<&'a SensorId, Fault>,
}

/// Samples all sensors and prints what they say. The exit code is 1 if none of them has anything to say.
/// Outputs are left alone: an agent that runs may be driving them.
pub(super) fn once(loader: &Loader, json: bool) -> u8 {
    logs::init();
    let sound = match loader.load(Purpose::Measure, &Machine::read()) {
        Ok(sound) => sound,
        Err(problems) => return tell(&problems),
    };
    let host = sound.config.host.clone().unwrap_or_default();
    let lanes = match sensor::registry(&host, &sound.config.sensor, &Outputs::default()) {
        Ok(lanes) => lanes,
        Err(error) => {
            tracing::error!("{error}");
            return exit::USAGE;
        }
    };
    match sample(lanes) {
        Ok((catalogue, sample, rates)) => {
            say(&if json {
                as_json(&catalogue, &sample, rates)
            } else {
                as_table(&catalogue, &sample, rates)
            });
            let sensors = catalogue.sensors().len();
            if sensors > 0 && sample.faults.len() == sensors { exit::FAILURE } else { exit::CLEAN }
        }
        Err(error) => {
            tracing::error!("cannot start a thread for the sensors: {error}");
            exit::FAILURE
        }
    }
}

/// A sample, and a second one where the first leaves something open that is no fault.
fn sample(lanes: Vec<sensor::Lane>) -> io::Result<(Catalogue, Sample, Option<Duration>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sampled = runtime.block_on(async {
        let mut sampler = Sampler::start(lanes, INTERVAL)?;
        let (mut sample, mut rates) = (sampler.tick().await, None);
        let catalogue = sampler.catalogue().clone();
        if rows(&catalogue, &sample).any(|(.., value, fault)| value.is_none() && fault.is_none()) {
            tokio::time::sleep(RATES).await;
            (sample, rates) = (sampler.tick().await, Some(RATES));
        }
        Ok((catalogue, sample, rates))
    });
    runtime.shutdown_background();
    sampled
}

/// Every metric with its sensor, its value and its sensor's fault.
fn rows<'a>(
    catalogue: &'a Catalogue,
    sample: &'a Sample,
) -> impl Iterator<Item = (&'a SensorId, usize, Option<f64>, Option<Fault>)> {
    catalogue.sensors().iter().flat_map(move |(id, metrics)| {
        let fault = sample.faults.iter().find(|(other, _)| other == id).map(|(_, fault)| *fault);
        metrics.clone().map(move |metric| (id, metric, sample.values[metric], fault))
    })
}

fn as_json(catalogue: &Catalogue, sample: &Sample, rates: Option<Duration>) -> String {
    let values = rows(catalogue, sample)
        .filter_map(|(_, metric, value, _)| Some((catalogue.name(metric), rounded(value?))));
    let printed = Printed {
        time_ms: sample.at.time_ms,
        clock: sample.at.clock,
        rates_over_ms: rates.map(|rates| rates.as_millis() as u64),
        values: values.collect(),
        faults: sample.faults.iter().map(|(id, fault)| (id, *fault)).collect(),
    };
    serde_json::to_string_pretty(&printed).expect("maps with text keys and finite numbers have a JSON form")
}

/// As in the messages of a running agent.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn as_table(catalogue: &Catalogue, sample: &Sample, rates: Option<Duration>) -> String {
    let cells = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    let mut lines = vec![cells(["SENSOR", "METRIC", "VALUE", "UNIT"])];
    for (id, metrics) in catalogue.sensors() {
        if let Some((_, fault)) = sample.faults.iter().find(|(other, _)| other == id) {
            lines.push(vec![id.to_string(), format!("fault: {fault}")]);
            continue;
        }
        for metric in metrics.clone() {
            let description = &catalogue.metrics()[metric];
            let value = sample.values[metric].map_or("-".to_owned(), |value| rounded(value).to_string());
            lines.push(cells([id.as_str(), description.name.as_str(), &value, description.unit.suffix()]));
        }
    }
    let rates = rates.map_or_else(String::new, |rates| {
        format!("\nRates are over {} s; - is a figure that is not there.", rates.as_secs())
    });
    table(&lines) + &rates
}

//! What a hub costs as its fleet grows.

use std::time::Duration;

use super::super::cost;
use super::{Scene, delays::Reader};

/// Connected in a second.
const RATE: u32 = 500;
/// Within this many seconds everything has happened that happens each minute: a summary of each device, and a save of the
/// latest values. What connecting has cost is given back by then, or is there to stay.
const SETTLE: u32 = 75;

/// Memory, CPU and the delay to a reader of the stream, without devices and at 100, 1,000 and 10,000 of them with a state
/// each 5 s and a summary each minute.
pub(super) fn table(scene: &Scene<'_>, seconds: u32) -> anyhow::Result<String> {
    let mut text = line(["devices connected", "PSS, MB", "CPU, % of a core", "delay p50, ms", "p99, ms"]);
    for devices in [0_u32, 100, 1000, 10_000] {
        text += &one(scene, devices, seconds)?;
    }
    Ok(text)
}

fn one(scene: &Scene<'_>, devices: u32, seconds: u32) -> anyhow::Result<String> {
    let hub = scene.hub(None)?;
    let (number, rate) = (devices.to_string(), RATE.to_string());
    let fleet = (devices > 0)
        .then(|| scene.fleet(hub.mqtt, &["--devices", &number, "--connect-rate", &rate]))
        .transpose()?;
    scene.wait(Duration::from_secs((devices / RATE + SETTLE).into()))?;

    // Its memory without a reader, for whom it keeps what happened of late.
    let start = cost::read(hub.process.id())?;
    let reader = Reader::start(hub.http)?;
    scene.wait(Duration::from_secs(seconds.into()))?;
    let end = cost::read(hub.process.id())?;
    let delays = reader.stop();
    let mut connected = 0;
    if let Some(fleet) = fleet {
        fleet.stop();
        connected = scene.figures(fleet)?["connected"].as_u64().unwrap_or(0);
    }
    let cpu = Duration::from_nanos(end.cpu_nanoseconds - start.cpu_nanoseconds).as_secs_f64();
    let figures = [
        // If not all of them are there, the figures are not theirs.
        if connected == u64::from(devices) { number } else { format!("{connected} of {number}") },
        format!("{:.1}", start.pss_bytes as f64 / 1e6),
        format!("{:.1}", 100.0 * cpu / f64::from(seconds)),
        delays.at(0.5),
        delays.at(0.99),
    ];
    Ok(line(figures.each_ref().map(String::as_str)))
}

fn line([devices, memory, cpu, half, most]: [&str; 5]) -> String {
    format!("{devices:<20}{memory:>10}{cpu:>18}{half:>15}{most:>13}\n")
}

//! What a hub takes for each device that is connected.

use std::time::Duration;

use super::super::cost;
use super::{Scene, row};

/// Connected in a second.
const RATE: u32 = 500;

/// The hub's memory without devices, and at 100, 1,000 and 10,000 of them with a state each 5 s.
pub(super) fn growth(scene: &Scene<'_>, seconds: u32) -> anyhow::Result<String> {
    let mut text = String::new();
    for devices in [0_u32, 100, 1000, 10_000] {
        let hub = scene.hub(None)?;
        let start = cost::read(hub.process.id())?;
        let mut connected = 0;
        if devices > 0 {
            let seconds = devices / RATE + seconds;
            let (devices, rate) = (devices.to_string(), RATE.to_string());
            let fleet = scene.fleet(hub.mqtt, &["--devices", &devices, "--connect-rate", &rate])?;
            scene.wait(Duration::from_secs(seconds.into()))?;
            let end = cost::read(hub.process.id())?;
            text += &figures(&devices, &start, &end, seconds);
            fleet.stop();
            connected = scene.figures(fleet)?["connected"].as_u64().unwrap_or(0);
        } else {
            scene.wait(Duration::from_secs(3))?;
            let end = cost::read(hub.process.id())?;
            text += &figures("0", &start, &end, 3);
        }
        if connected != u64::from(devices) {
            text += &row("  but only so many were connected", &connected.to_string());
        }
    }
    Ok(text)
}

fn figures(devices: &str, start: &cost::Cost, end: &cost::Cost, seconds: u32) -> String {
    let cpu = Duration::from_nanos(end.cpu_nanoseconds - start.cpu_nanoseconds).as_secs_f64();
    let mb = end.pss_bytes as f64 / 1e6;
    row(&format!("hub's memory (PSS) with {devices} devices, MB"), &format!("{mb:.1}"))
        + &row("  CPU since its start, % of one core", &format!("{:.1}", 100.0 * cpu / f64::from(seconds)))
}

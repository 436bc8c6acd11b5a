//! From a device's message to somebody who reads the live stream.

use std::time::Duration;

use super::{Scene, delays::Reader, row};

const DEVICES: &str = "1000";

/// At 1,000 devices with a state each 5 s.
pub(super) fn to_a_reader(scene: &Scene<'_>, seconds: u32) -> anyhow::Result<String> {
    let hub = scene.hub(None)?;
    let until = (seconds + 5).to_string();
    let fleet =
        scene.fleet(hub.mqtt, &["--devices", DEVICES, "--connect-rate", "500", "--seconds", &until])?;
    // Connecting is another thing than living.
    scene.wait(Duration::from_secs(4))?;
    let reader = Reader::start(hub.http)?;
    scene.wait(Duration::from_secs(seconds.into()))?;
    let delays = reader.stop();
    scene.figures(fleet)?;
    Ok([
        row("device to a reader of the stream at 1,000 devices, p50, ms", &delays.at(0.5)),
        row("  p99, ms", &delays.at(0.99)),
        row("  the longest, ms", &delays.at(1.0)),
        row("  states measured", &delays.number().to_string()),
    ]
    .concat())
}

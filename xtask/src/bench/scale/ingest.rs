//! How many summaries a hub commits in a second.

use std::fs;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{super::cost, Scene, path_of, row};
use crate::process::Process;
use crate::{broker, http, ports, run};

/// Nothing is dropped: what a subscriber has not taken waits.
const NO_LIMITS: &str = "max_queued_messages 0\nmax_inflight_messages 0\n";
const DEVICES: &str = "100";
/// Summaries of a device that are unacknowledged at a time. With fewer the figure is that of a wait and not of what a program
/// can do: mosquitto gathers small packets, so what it tells a device waits up to 40 ms for the device's kernel to
/// acknowledge what it told before, twice in a round through a hub, and 20 of 100 devices are used up meanwhile.
const WINDOW: &str = "60";

/// Ingest with the hub's own broker and with mosquitto, beside mosquitto with a subscriber that does nothing.
pub(super) fn throughput(scene: &Scene<'_>, seconds: u32) -> anyhow::Result<String> {
    let seconds = seconds.to_string();
    let flood = ["--devices", DEVICES, "--connect-rate", "1000", "--flood", WINDOW, "--seconds", &seconds];

    let (broker, port) = mosquitto(scene)?;
    let subscriber = Subscriber::start(port)?;
    let start = Instant::now();
    let fleet = scene.fleet(port, &[&flood[..], &["--delivery-by-broker"]].concat())?;
    let figures = scene.figures(fleet)?;
    let forwarded = subscriber.count.load(Relaxed) as f64 / start.elapsed().as_secs_f64();
    let mosquitto_alone = each(&broker, &figures)?;
    drop((subscriber, broker));

    let hub = scene.hub(None)?;
    let figures = scene.figures(scene.fleet(hub.mqtt, &flood)?)?;
    let (own, own_cpu) = (committed(&figures), each(&hub.process, &figures)?);
    drop(hub);

    let (broker, port) = mosquitto(scene)?;
    let hub = scene.hub(Some(port))?;
    let figures = scene.figures(scene.fleet(port, &flood)?)?;
    let (external, external_cpu) = (committed(&figures), each(&hub.process, &figures)?);
    drop((hub, broker));

    let ratio = |ours: f64| format!("{:.2}", ours / forwarded);
    Ok([
        row("mosquitto alone forwards to one idle subscriber, 1/s", &format!("{forwarded:.0}")),
        row("  CPU of mosquitto for each, us", &mosquitto_alone),
        row("hub with its own broker commits, 1/s", &format!("{own:.0}")),
        row("  of what mosquitto forwards", &ratio(own)),
        row("  CPU of the hub for each, us", &own_cpu),
        row("hub behind mosquitto commits, 1/s", &format!("{external:.0}")),
        row("  of what mosquitto forwards", &ratio(external)),
        row("  CPU of the hub for each, us", &external_cpu),
    ]
    .concat())
}

/// What a process has used of the CPUs for each summary. Of a machine with other things to do it says more than their
/// number in a second.
fn each(process: &Process, figures: &Value) -> anyhow::Result<String> {
    let nanoseconds = cost::read(process.id())?.cpu_nanoseconds as f64;
    Ok(format!("{:.1}", nanoseconds / 1e3 / number(figures, "summaries_acknowledged")))
}

/// A day's minutes of 1,000 devices, until the last is acknowledged, and what the ledger says of them.
pub(super) fn backlog(scene: &Scene<'_>) -> anyhow::Result<String> {
    const DEVICES: u64 = 1000;
    const MINUTES: u64 = 24 * 60;
    let hub = scene.hub(None)?;
    let devices = DEVICES.to_string();
    let fleet =
        scene.fleet(hub.mqtt, &["--devices", &devices, "--connect-rate", "1000", "--backlog-hours", "24"])?;
    let figures = scene.figures(fleet)?;
    let (mut received, mut missing) = (0, 0);
    for device in 0..DEVICES {
        let path = format!("/api/v1/devices/sim-{device:05}/ledger");
        let (_, body) = http::get(hub.http, &path).with_context(|| format!("no answer to {path}"))?;
        let ledger: Value = serde_json::from_str(&body)?;
        received += ledger["received_count"].as_u64().unwrap_or(0);
        missing += ledger["missing_count"].as_u64().unwrap_or(0);
    }
    if received < DEVICES * MINUTES {
        bail!("the ledger knows {received} summaries of {}", DEVICES * MINUTES);
    }
    let store: u64 = fs::read_dir(scene.dir.join("data"))?
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|file| file.len())
        .sum();
    Ok([
        row(
            "a day of minutes of 1,000 devices is committed in, s",
            &format!("{:.1}", number(&figures, "seconds")),
        ),
        row("  summaries in the ledger, missing", &format!("{received}, {missing}")),
        row("  summaries a second", &format!("{:.0}", committed(&figures))),
        row("  store on disk at the end, MB", &format!("{:.0}", store as f64 / 1e6)),
    ]
    .concat())
}

fn number(figures: &Value, key: &str) -> f64 {
    figures[key].as_f64().unwrap_or(f64::NAN)
}

fn committed(figures: &Value) -> f64 {
    number(figures, "summaries_per_second")
}

fn mosquitto(scene: &Scene<'_>) -> anyhow::Result<(Process, u16)> {
    let port = ports::free()?;
    Ok((broker::start_with(&scene.dir, port, NO_LIMITS)?, port))
}

/// Takes every summary and does nothing with it but count.
struct Subscriber {
    _process: Process,
    count: Arc<AtomicU64>,
}

impl Subscriber {
    fn start(port: u16) -> anyhow::Result<Self> {
        let port = port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", "edgewise/+/summary", "-F", "x"];
        let mut command = run::command(&path_of("mosquitto_sub")?, arguments);
        let (process, mut output) = Process::read_from("mosquitto_sub", &mut command)?;
        let count = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&count);
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let lines = bytes[..read].iter().filter(|byte| **byte == b'\n').count();
                counter.fetch_add(lines as u64, Relaxed);
            }
        });
        // Subscribed before the first message.
        std::thread::sleep(Duration::from_millis(500));
        Ok(Self { _process: process, count })
    }
}

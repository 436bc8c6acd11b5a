//! Measurements beside a reference, in one run on one machine. They are no tests: nothing fails on a figure.

mod cost;
mod hub;
mod reference;
mod scale;
mod windows;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cross::{self, Arch, Program, megabytes};
use crate::process::Process;
use crate::signals::EndRequested;
use crate::{apt, broker, ports, project, run};
use cost::Cost;

#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// The agent beside collectd with its MQTT plugin
    Agent(Options),
    /// The agent's memory over 100,000 windows
    Windows,
    /// The hub under a simulated fleet, beside mosquitto
    Hub(scale::Options),
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Agent(options) => agent(options),
        Bench::Windows => windows::run(),
        Bench::Hub(options) => scale::run(options),
    }
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long to measure, in seconds
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// Both have connected and done their first, dearer ticks after this.
const SETTLE: Duration = Duration::from_secs(15);

/// In memory: what a program says about itself must not count as written to the disk.
const LOGS: &str = "/dev/shm/edgewise-bench";

/// A measured program.
struct Subject {
    process: Process,
    binary_bytes: u64,
    start: Cost,
    end: Cost,
}

fn agent(options: &Options) -> anyhow::Result<()> {
    let end = EndRequested::install()?;
    // The clients bring the library that collectd's plugin loads.
    let programs =
        [("mosquitto", "mosquitto"), ("mosquitto_pub", "mosquitto-clients"), ("collectd", "collectd-core")];
    apt::ensure(&apt::lacking(&programs), &[])?;
    let arch = Arch::host().context("the agent is not built for this machine's architecture")?;
    let binary = cross::build(arch, &[Program::EdgeAgent])?.remove(0);

    let dir = Path::new(LOGS);
    fs::create_dir_all(dir).with_context(|| format!("cannot create {LOGS}"))?;
    let port = ports::free()?;
    let _broker = broker::start(dir, port)?;
    let _hub = hub::Hub::start(&path_of("mosquitto_sub")?, &path_of("mosquitto_pub")?, port)?;
    let mut subjects = [ours(&binary, dir, port)?, collectd(dir, port)?];

    println!("Measuring for {} s after {} s to settle.", options.seconds, SETTLE.as_secs());
    wait(SETTLE, &mut subjects, &end)?;
    for subject in &mut subjects {
        subject.start = cost::read(subject.process.id())?;
    }
    let start = Instant::now();
    wait(Duration::from_secs(options.seconds), &mut subjects, &end)?;
    for subject in &mut subjects {
        subject.end = cost::read(subject.process.id())?;
    }
    print!("\n{}", table(&subjects, start.elapsed()));
    Ok(())
}

/// The agent as it is shipped, at its defaults, with the simulated sensor. Its spool is on a real disk, so
/// that writing there would count.
fn ours(binary: &Path, dir: &Path, port: u16) -> anyhow::Result<Subject> {
    let url = format!("mqtt://127.0.0.1:{port}");
    let mut command =
        run::command(&binary.to_string_lossy(), ["--hub", &url, "--device", hub::DEVICE, "--simulate"]);
    command.env("EDGEWISE_SPOOL_DIRECTORY", project::scratch().join("spool"));
    let process = Process::log_to("edge-agent", &mut command, &dir.join("agent.log"))?;
    subject(process, binary)
}

fn collectd(dir: &Path, port: u16) -> anyhow::Result<Subject> {
    let config = dir.join("collectd.conf");
    fs::write(&config, reference::collectd_config(dir, port))?;
    let program = path_of("collectd")?;
    let mut command = run::command(&program, ["-f", "-C"]);
    let process = Process::log_to("collectd", command.arg(&config), &dir.join("collectd.log"))?;
    subject(process, Path::new(&program))
}

fn subject(process: Process, binary: &Path) -> anyhow::Result<Subject> {
    let binary_bytes = fs::metadata(binary)?.len();
    Ok(Subject { process, binary_bytes, start: Cost::default(), end: Cost::default() })
}

fn path_of(program: &str) -> anyhow::Result<String> {
    let path = run::find(program).with_context(|| format!("{program} is not installed"))?;
    Ok(path.to_string_lossy().into_owned())
}

/// Waits while both run; a figure of a process that has ended would be worth nothing.
fn wait(time: Duration, subjects: &mut [Subject], end: &EndRequested) -> anyhow::Result<()> {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if end.seen() {
            bail!("stopped before there was a result");
        }
        for subject in subjects.iter_mut() {
            if let Some(status) = subject.process.ended()? {
                bail!("{} ended with {status}; its log is in {LOGS}", subject.process.name());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// One row per figure: ours, the reference, and ours divided by the reference.
fn table([ours, theirs]: &[Subject; 2], elapsed: Duration) -> String {
    let cpu = |subject: &Subject| seconds(subject.end.cpu_nanoseconds - subject.start.cpu_nanoseconds);
    let ticks = |subject: &Subject| (subject.end.cpu_ticks - subject.start.cpu_ticks) as f64 / 100.0;
    let share = |subject: &Subject| 100.0 * cpu(subject) / elapsed.as_secs_f64();
    let written = |subject: &Subject| subject.end.written_bytes - subject.start.written_bytes;
    let pss = |subject: &Subject| subject.end.pss_bytes;
    let ratio =
        |ours: f64, theirs: f64| if theirs > 0.0 { format!("{:.2}", ours / theirs) } else { "-".into() };

    let mut text = format!("{:<26}{:>12}{:>12}{:>8}\n", "", "edge-agent", "collectd", "ratio");
    let mut row = |name: &str, [ours, theirs]: [String; 2], ratio: String| {
        text += &format!("{name:<26}{ours:>12}{theirs:>12}{ratio:>8}\n");
    };
    let both = |format: &dyn Fn(&Subject) -> String| [format(ours), format(theirs)];
    row("CPU seconds (schedstat)", both(&|s| format!("{:.3}", cpu(s))), ratio(cpu(ours), cpu(theirs)));
    row(
        "CPU seconds (utime+stime)",
        both(&|s| format!("{:.2}", ticks(s))),
        ratio(ticks(ours), ticks(theirs)),
    );
    row("% of one core", both(&|s| format!("{:.3}", share(s))), ratio(share(ours), share(theirs)));
    row("PSS", both(&|s| megabytes(pss(s))), ratio(pss(ours) as f64, pss(theirs) as f64));
    let bytes = [written(ours).to_string(), written(theirs).to_string()];
    row("bytes written to disk", bytes, ratio(written(ours) as f64, written(theirs) as f64));
    let sizes = [ours.binary_bytes, theirs.binary_bytes];
    row("binary, without libraries", sizes.map(megabytes), ratio(sizes[0] as f64, sizes[1] as f64));
    text
}

fn seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

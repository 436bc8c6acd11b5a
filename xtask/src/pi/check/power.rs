//! The power fails while summaries of a Pi that knows no time wait on its card, and the hub is away.
//!
//! Three runs of the agent: the first is heard by the hub and ends with the power; the second never sees the hub
//! and is killed; the third, of the same start of the machine as the second, learns the time and finds the hub.

mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::super::Built;
use super::super::console::Event;
use super::super::image::Guest;
use super::super::machine::{self, Machine};
use super::Findings;
use crate::process::Process;
use crate::signals::EndRequested;
use crate::{http, ports, project, run};
use told::{Run, Told};

/// Nothing here takes longer than this, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(120);
const DEVICE: &str = "pi";
/// Always there, however late a starved guest reads its sensors.
const METRIC: &str = "memory_used_percent";
/// A clock is set to whole seconds, by a guest that may be starved; and a line takes its time to the console.
const CLOCK_WITHIN_MS: i64 = 6000;

pub(super) fn play(
    dir: &Path,
    built: &Built,
    end: &EndRequested,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    run::show(&mut run::command("cargo", ["build", "--locked", "-p", "hub"]))?;
    let mut rig = Rig::new(dir, end)?;
    let begun_ms = now_ms();
    rig.start_hub()?;
    let mut first = rig.boot(built, "first")?;
    rig.follow(&mut first, "three summaries at the hub", |rig, _| Ok(rig.received()? >= 3))?;
    rig.stop_hub();
    rig.follow(&mut first, "four writes to the card", |_, told| Ok(told.last().writes >= 4))?;
    let made = rig.told.last().made.len();
    rig.follow(&mut first, "one more summary", |_, told| Ok(told.last().made.len() > made))?;
    first.end();

    let mut second = rig.boot(built, "second")?;
    rig.follow(&mut second, "three writes after the power cut", |_, told| {
        Ok(told.runs() == 2 && told.last().writes >= 3)
    })?;
    second.control.tell("exec kill -9 $(pidof edge-agent)")?;
    rig.follow(&mut second, "a third run", |_, told| Ok(told.runs() == 3))?;
    second.control.tell(&format!("clock @{}", now_ms() / 1000))?;
    second.control.tell("synchronised on")?;
    rig.start_hub()?;
    let promised: Vec<u64> = rig.told.all().take(2).map(Run::promised).collect();
    let all_came = |rig: &Rig| -> anyhow::Result<bool> {
        let ledger = rig.ledger()?;
        let highest = |run: &Run| ledger_run(&ledger, run).and_then(|run| run["highest_sequence"].as_u64());
        Ok(rig.told.all().zip(&promised).all(|(run, promised)| highest(run) >= Some(*promised)))
    };
    rig.follow(&mut second, "what was promised at the hub", |rig, _| all_came(rig))?;
    // What else there is comes with it; and from the third run.
    let before = rig.received()?;
    rig.follow(&mut second, "new summaries at the hub", |rig, _| Ok(rig.received()? >= before + 3))?;
    second.end();

    let ledger = rig.ledger()?;
    let history = rig.history(begun_ms)?;
    let names = ["the run that the power cut ended", "the run that was killed in 1970"];
    for (run, (name, promised)) in rig.told.all().zip(names.into_iter().zip(promised)) {
        findings.note(name, once(&ledger, run, promised));
    }
    findings.note("the history has each summary once", whole(&ledger, &history));
    let runs: Vec<&Run> = rig.told.all().collect();
    findings.note(
        "its time before the cut is the hub's",
        times(&ledger, runs[0], &history, Some("timed_by_hub")),
    );
    findings.note("its time before the kill is the device's", times(&ledger, runs[1], &history, None));
    Ok(())
}

struct Rig {
    dir: PathBuf,
    disk: PathBuf,
    http: u16,
    mqtt: u16,
    hub: Option<Process>,
    end: EndRequested,
    told: Told,
}

impl Rig {
    fn new(dir: &Path, end: &EndRequested) -> anyhow::Result<Self> {
        // The store and the card of an earlier play would be this one's past.
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        fs::create_dir_all(dir.join("hub")).with_context(|| format!("cannot create {}", dir.display()))?;
        let disk = dir.join("card.img");
        machine::ensure_disk(&disk)?;
        let (http, mqtt) = (ports::free()?, ports::free()?);
        Ok(Self { dir: dir.into(), disk, http, mqtt, hub: None, end: end.clone(), told: Told::default() })
    }

    fn start_hub(&mut self) -> anyhow::Result<()> {
        let program = project::target().join("debug/hub");
        let mut command = run::command(&program.to_string_lossy(), ["--http"]);
        command.arg(format!("127.0.0.1:{}", self.http)).arg("--mqtt").arg(format!("127.0.0.1:{}", self.mqtt));
        command.arg("--data").arg(self.dir.join("hub"));
        self.hub = Some(Process::log_to("hub", &mut command, &self.dir.join("hub.log"))?);
        let deadline = Instant::now() + PATIENCE;
        while http::status(self.http, "/readyz") != Some(200) {
            ensure!(Instant::now() < deadline, "the hub is not ready; hub.log says why");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn stop_hub(&mut self) {
        self.hub = None;
    }

    /// A Pi without a clock, whose agent is started again when it ends.
    fn boot(&mut self, built: &Built, name: &str) -> anyhow::Result<Machine> {
        let config = format!(
            "device = \"{DEVICE}\"\ninterval_seconds = 0.5\nwindow_seconds = 2\n\n\
             [mqtt]\nurl = \"mqtt://10.0.2.2:{}\"\n\n\
             [spool]\ndirectory = \"/data/spool\"\nafter_seconds = 1\n\n[[sensor]]\nkind = \"bme280\"\n",
            self.mqtt
        );
        let agent = "./edge-agent --config agent.toml";
        let guest = Guest {
            command: format!("export NO_COLOR=1 RUST_LOG={}\n{agent}\n{agent}\n", told::LOG_FILTER),
            programs: vec![built.agent.clone()],
            texts: vec![("agent.toml", config)],
            disk: Some(fs::canonicalize(&self.disk)?),
            ..Guest::default()
        };
        let mut machine = Machine::start(&self.dir.join(name), &built.parts, &built.emulator, &guest)?;
        if !machine.wait_begun(|| self.end.seen())? {
            bail!("stopped");
        }
        Ok(machine)
    }

    /// Takes note of what the agent says until something is so.
    fn follow(
        &mut self,
        machine: &mut Machine,
        what: &str,
        done: impl Fn(&Self, &Told) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self, &self.told)? {
            ensure!(!self.end.seen(), "stopped");
            ensure!(
                Instant::now() < deadline,
                "in vain: waited {} s for {what}; the logs are in {}",
                PATIENCE.as_secs(),
                self.dir.display()
            );
            match machine.next_event(Duration::from_millis(200))? {
                Some(Event::Line(line)) => self.told.hear(&line, now_ms()),
                Some(Event::Ended(code)) => bail!("the agent ended with {code}"),
                _ => {}
            }
        }
        Ok(())
    }

    fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match http::get(self.http, path) {
            Some((200, body)) => Ok(Some(serde_json::from_str(&body)?)),
            // Not known yet; or a hub that is busy.
            Some((404, _)) | None => Ok(None),
            Some((status, body)) => bail!("{path} answers {status}: {body}"),
        }
    }

    fn ledger(&self) -> anyhow::Result<Value> {
        Ok(self.get(&format!("/api/v1/devices/{DEVICE}/ledger"))?.unwrap_or_default())
    }

    fn received(&self) -> anyhow::Result<u64> {
        Ok(self.ledger()?["received_count"].as_u64().unwrap_or(0))
    }

    /// The times in the history since this one.
    fn history(&self, from_ms: i64) -> anyhow::Result<Vec<i64>> {
        let path = format!("/api/v1/devices/{DEVICE}/history?metric={METRIC}&from_ms={from_ms}");
        let history = self.get(&path)?.context("no history")?;
        let points = history["series"][0]["points"].as_array().context("no points")?;
        points.iter().map(|point| point["time_ms"].as_i64().context("no time")).collect()
    }
}

fn ledger_run<'a>(ledger: &'a Value, run: &Run) -> Option<&'a Value> {
    ledger["runs"].as_array()?.iter().find(|told| told["boot"] == run.boot)
}

/// All that was promised came, each once, and what did not is the end of the run.
fn once(ledger: &Value, run: &Run, promised: u64) -> anyhow::Result<String> {
    let told = ledger_run(ledger, run).context("the hub never heard of it")?;
    let number = |key: &str| told[key].as_u64().with_context(|| format!("no {key}"));
    let (highest, received) = (number("highest_sequence")?, number("received_count")?);
    ensure!(number("missing_count")? == 0, "missing: {}", told["missing"]);
    ensure!(highest >= promised, "{promised} were on the card, {highest} came");
    let made = run.made.len() as u64;
    ensure!(highest <= made && received == highest, "{made} made, {received} received up to {highest}");
    Ok(format!("{made} made, {promised} promised, {received} stored, the last {} lost", made - received))
}

fn whole(ledger: &Value, history: &[i64]) -> anyhow::Result<String> {
    let received = ledger["received_count"].as_u64().context("no ledger")?;
    ensure!(history.len() as u64 == received, "{received} received, {} in the history", history.len());
    Ok(format!("{received}"))
}

/// Each summary stands in the history when the console told of it, and the ledger says whose word that is:
/// where `by` is nothing, the device's own.
fn times(ledger: &Value, run: &Run, history: &[i64], by: Option<&str>) -> anyhow::Result<String> {
    let told = ledger_run(ledger, run).context("the hub never heard of it")?;
    for key in ["timed_by_hub", "timed_by_receipt"] {
        ensure!((by == Some(key)) != told[key].is_null(), "{key} is {}", told[key]);
    }
    let stored = usize::try_from(told["received_count"].as_u64().unwrap_or(0))?;
    let mut worst = 0;
    for seen_ms in run.made.values().take(stored) {
        let nearest = history.iter().map(|time| (time - seen_ms).abs()).min().context("no history")?;
        worst = worst.max(nearest);
    }
    ensure!(worst <= CLOCK_WITHIN_MS, "one stands {worst} ms beside its time");
    Ok(format!("within {worst} ms"))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

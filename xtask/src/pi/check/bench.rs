//! An agent on the emulated Pi with a real broker, a subscriber, and what is known of its world.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use super::super::Built;
use super::super::console::Event;
use super::super::control::Answer;
use super::super::image::Guest;
use super::super::machine::Machine;
use super::messages::{Birth, Message, Messages, State, Summary};
use super::truth::{Air, METRICS, SENSOR, World};
use crate::process::Process;
use crate::signals::EndRequested;
use crate::{broker, ports};

/// The agent samples so often where nothing else is said. A reading of the chip takes a tenth of it on the emulated Pi; on a starved
/// machine, much more.
pub(super) const INTERVAL_MS: u64 = 1000;
pub(super) const WINDOW_MS: u64 = 6000;
/// The earliest at which an unchanging chip is called stuck; it takes a dozen readings as well.
pub(super) const STUCK_SECONDS: u64 = 5;
/// Nothing here takes longer than this, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Without noise in temperature and pressure, so that they can be compared to the last digit; with some in
/// humidity, so that the chip does not look stuck.
pub(super) const START: Air = Air { values: [21.5, 1013.25, 45.0], noise: [0.0, 0.0, 0.02] };

pub(super) struct Bench {
    machine: Machine,
    messages: Messages,
    _broker: Process,
    end: EndRequested,
    dir: PathBuf,
    world: World,
    pub(super) birth: Option<Birth>,
    pub(super) device: String,
    pub(super) summaries: Vec<Summary>,
    pub(super) statuses: Vec<String>,
    /// What was published and is not so.
    pub(super) untrue: Vec<String>,
}

impl Bench {
    /// Starts everything, and waits for the agent's first readings. `knows_time` is whether the Pi does.
    pub(super) fn start(
        dir: &Path,
        built: &Built,
        interval_ms: u64,
        knows_time: bool,
        end: &EndRequested,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let port = ports::free()?;
        let broker = broker::start(dir, port)?;
        let messages = Messages::subscribe(dir, port)?;
        let config = format!(
            "interval_seconds = {}\nwindow_seconds = {}\n\n[mqtt]\nurl = \"mqtt://10.0.2.2:{port}\"\n\n\
             [[sensor]]\nkind = \"bme280\"\nstuck_after_seconds = {STUCK_SECONDS}\n",
            interval_ms as f64 / 1000.0,
            WINDOW_MS as f64 / 1000.0,
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let guest = Guest {
            command: "export NO_COLOR=1\nexec ./edge-agent --config agent.toml".to_owned(),
            programs: vec![built.agent.clone()],
            texts: vec![("agent.toml", config)],
            clock: knows_time.then_some(now),
            ..Guest::default()
        };
        let mut machine = Machine::start(dir, &built.parts, &built.emulator, &guest)?;
        if !machine.wait_begun(|| end.seen())? {
            bail!("stopped");
        }
        let mut bench = Self {
            machine,
            messages,
            _broker: broker,
            end: end.clone(),
            dir: dir.to_owned(),
            world: World::new(START, interval_ms, WINDOW_MS),
            birth: None,
            device: String::new(),
            summaries: Vec::new(),
            statuses: Vec::new(),
            untrue: Vec::new(),
        };
        // The emulator's own noise was there before; what is measured until now is not judged.
        bench.set_air(START)?;
        bench.untrue_before_start()?;
        Ok(bench)
    }

    fn untrue_before_start(&mut self) -> anyhow::Result<()> {
        while !healthy(&self.next_state()?) {}
        self.next_state()?;
        self.untrue.clear();
        Ok(())
    }

    /// Tells the emulator to do something.
    pub(super) fn tell(&mut self, command: &str) -> anyhow::Result<Answer> {
        self.machine.control.tell(command)
    }

    pub(super) fn set_air(&mut self, air: Air) -> anyhow::Result<u64> {
        let line = |values: [f64; 3]| format!("t={} p={} h={}", values[0], values[1], values[2]);
        self.tell(&format!("noise {}", line(air.noise)))?;
        let at_ms = self.tell(&format!("set {}", line(air.values)))?.at_ms;
        self.world.set(at_ms, air);
        Ok(at_ms)
    }

    /// By how much naps in the guest were too long, on average, since this was last asked for.
    pub(super) fn lateness(&mut self) -> anyhow::Result<Duration> {
        let text = self.tell("late")?.text;
        let mean = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        mean.map(Duration::from_millis).with_context(|| format!("not understood: {text}"))
    }

    /// Sets temperature, pressure and humidity, with the noise of the start.
    pub(super) fn move_air(&mut self, values: [f64; 3]) -> anyhow::Result<u64> {
        self.set_air(Air { values, noise: START.noise })
    }

    /// The largest difference between reading and air, and how many readings were compared.
    pub(super) fn precision(&self) -> ([f64; 3], usize) {
        (self.world.largest, self.world.compared)
    }

    /// Waits for the next state. All that comes is kept, and judged.
    pub(super) fn next_state(&mut self) -> anyhow::Result<State> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(state) = self.receive(deadline)? {
                return Ok(state);
            }
        }
    }

    /// Waits until a summary of this number has come.
    pub(super) fn wait_summary(&mut self, sequence: u64) -> anyhow::Result<()> {
        while self.summaries.last().is_none_or(|last| last.sequence < sequence) {
            self.next_state()?;
        }
        Ok(())
    }

    /// Asks the agent to end, waits until it has, and gives its exit code.
    pub(super) fn stop_agent(&mut self) -> anyhow::Result<i32> {
        self.tell("exec kill -TERM $(pidof edge-agent)")?;
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            match self.machine.next_event(Duration::from_millis(200))? {
                Some(Event::Ended(code)) => break code,
                _ if Instant::now() > deadline => bail!("the agent does not end on SIGTERM"),
                _ => {}
            }
        };
        while self.statuses.last().is_none_or(|status| status != "offline") {
            self.receive(deadline)?;
        }
        Ok(code)
    }

    /// Takes one message in; a state is returned.
    fn receive(&mut self, deadline: Instant) -> anyhow::Result<Option<State>> {
        if self.end.seen() {
            bail!("stopped");
        }
        if Instant::now() > deadline {
            bail!(
                "nothing from the agent for {} s; its words are in {}",
                PATIENCE.as_secs(),
                self.dir.join("console.log").display()
            );
        }
        let Some((device, message)) = self.messages.next(Duration::from_millis(200))? else {
            return Ok(None);
        };
        self.device = device;
        match message {
            Message::Status(status) => self.statuses.push(status),
            Message::Birth(birth) => self.birth = Some(*birth),
            Message::State(state) => {
                let wrong = self.world.judge(&state);
                self.untrue.extend(wrong);
                return Ok(Some(*state));
            }
            Message::Summary(summary) => {
                let wrong = self.world.judge_summary(&summary);
                self.untrue.extend(wrong.iter().map(|text| format!("summary {}: {text}", summary.sequence)));
                self.summaries.push(*summary);
            }
        }
        Ok(None)
    }
}

/// Whether the sensor gave all its readings.
pub(super) fn healthy(state: &State) -> bool {
    !state.faults.contains_key(SENSOR) && METRICS.iter().all(|name| state.now.contains_key(*name))
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.machine.end();
    }
}

//! One simulated device: what it says and when.

use crate::{
    link::{Event, Link},
    options::{Pace, Plan},
    outbox::{Due, Outbox},
    readings::World,
    tally::Tally,
    template::Template,
};
use protocol::{Birth, BootId, Channel, ClockTrust, DeviceId, Stamp, State, Status, Version};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep},
};

/// Summaries in one message of a backlog, and how many messages are under way at most.
const BATCH: usize = 60;
const BATCHES: u16 = 2;
/// After how long without an acknowledgement a summary is sent again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many summaries of a flood have the same readings, because making them costs more than hearing them.
const SAME: u32 = 32;
/// A flood begins so long ago, to have minutes enough.
const FLOOD_BACK_MS: i64 = 20 * 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Plays the device with this number until `ended`.
pub(crate) async fn run(index: u32, plan: Arc<Plan>, tally: Arc<Tally>, mut ended: watch::Receiver<bool>) {
    let mut device = match Device::new(index, plan, tally) {
        Ok(device) => device,
        Err(error) => return tracing::error!("device {index}: {error}"),
    };
    loop {
        match device.session(&mut ended).await {
            Ok(Some(away)) => device.be_away(away).await,
            Ok(None) => return,
            Err(error) => return tracing::error!("device {index}: {error:#}"),
        }
    }
}

struct Device {
    plan: Arc<Plan>,
    tally: Arc<Tally>,
    id: DeviceId,
    boot: BootId,
    world: World,
    outbox: Outbox,
    topics: BTreeMap<&'static str, String>,
    template: Option<(Template, u32)>,
    start: Instant,
    start_ms: i64,
    drained: bool,
    up: bool,
}

impl Device {
    fn new(index: u32, plan: Arc<Plan>, tally: Arc<Tally>) -> Result<Self, protocol::IdError> {
        let start_ms = wall_ms();
        let id: DeviceId = format!("{}-{index:05}", plan.name).parse()?;
        let topic = |channel: Channel| (channel.as_str(), plan.topics.device(&id, channel));
        let mut outbox = Outbox::default();
        if let Pace::Windows { waiting } = plan.pace {
            tally.made.fetch_add(outbox.add(waiting, MINUTE_MS, start_ms), Relaxed);
        }
        Ok(Self {
            boot: format!("sim-{start_ms}-{index}").parse()?,
            topics: Channel::ALL.into_iter().map(topic).collect(),
            id,
            world: World::new(index),
            outbox,
            template: None,
            start: Instant::now(),
            start_ms,
            drained: false,
            up: false,
            plan,
            tally,
        })
    }

    /// Most summaries under way.
    fn room(&self) -> u16 {
        match self.plan.pace {
            Pace::Flood { window } => window,
            Pace::Windows { .. } => BATCHES,
        }
    }

    /// Is connected until the end (`None`) or until a loss of the connection, which lasts so long.
    async fn session(&mut self, ended: &mut watch::Receiver<bool>) -> anyhow::Result<Option<Duration>> {
        let mut link = Link::open(&self.plan, &self.id, self.room())?;
        let (mut states, mut windows) = (every(self.plan.interval), every(self.plan.window));
        let mut retries = every(PATIENCE / 4);
        let (until_outage, away) = self.next_outage();
        let mut outage = std::pin::pin!(sleep(until_outage));
        let live = matches!(self.plan.pace, Pace::Windows { .. });
        let next = loop {
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => break None,
                () = &mut outage => break Some(away),
                event = link.events.recv() => match event {
                    Some(event) => self.heed(event, &link),
                    None => break None,
                },
                _ = states.tick(), if live && self.up => self.publish_state(&link),
                _ = windows.tick(), if live => {
                    let window_ms = self.plan.window.as_millis() as i64;
                    self.tally.made.fetch_add(self.outbox.add(1, window_ms, wall_ms()), Relaxed);
                }
                _ = retries.tick(), if self.up => self.send_again(&link, PATIENCE),
            }
            if self.up {
                self.send(&link);
            }
            self.tell_if_drained();
        };
        if self.up {
            self.up = false;
            self.tally.connected.fetch_sub(1, Relaxed);
        }
        if next.is_some() {
            link.cut();
        } else {
            self.say(&link, Channel::Status, Status::Offline.as_str());
            link.close().await;
        }
        Ok(next)
    }

    /// When the connection is lost next, and for how long.
    fn next_outage(&self) -> (Duration, Duration) {
        let Some((mean, away)) = self.plan.outages else {
            return (Duration::from_secs(u32::MAX.into()), Duration::ZERO);
        };
        // Losses that come by chance have exponential times between them.
        (mean.mul_f64(-(1.0 - fastrand::f64()).ln()), away)
    }

    async fn be_away(&mut self, away: Duration) {
        sleep(away).await;
        let window_ms = self.plan.window.as_millis();
        if matches!(self.plan.pace, Pace::Windows { .. }) {
            let passed = (away.as_millis() / window_ms) as u64;
            self.tally.made.fetch_add(self.outbox.add(passed, window_ms as i64, wall_ms()), Relaxed);
        }
    }

    fn heed(&mut self, event: Event, link: &Link) {
        let now = Instant::now();
        match event {
            Event::Up => {
                self.up = true;
                self.tally.connected.fetch_add(1, Relaxed);
                let birth = self.birth();
                self.say(link, Channel::Birth, birth);
                self.say(link, Channel::Status, Status::Online.as_str());
                self.send_again(link, Duration::ZERO);
            }
            Event::Down(reason) => {
                if std::mem::take(&mut self.up) {
                    self.tally.connected.fetch_sub(1, Relaxed);
                }
                if self.tally.broken.fetch_add(1, Relaxed) == 0 {
                    tracing::warn!(device = self.id.as_str(), "the first connection that broke: {reason}");
                }
            }
            Event::Ack(ack) if ack.boot == self.boot => {
                self.outbox.acknowledge(&ack, now, |wait| self.tally.acknowledge(wait));
            }
            Event::Ack(_) => {}
            Event::Taken(sequence) if self.plan.by_broker => {
                if let Some(wait) = self.outbox.taken(sequence, now) {
                    self.tally.acknowledge(wait);
                }
            }
            Event::Taken(_) => {}
        }
    }

    fn tell_if_drained(&mut self) {
        if !self.drained && self.outbox.len() == 0 {
            self.drained = true;
            self.tally.drain();
        }
    }

    fn say(&self, link: &Link, channel: Channel, payload: impl Into<Vec<u8>>) {
        link.publish(&self.topics[channel.as_str()], channel, None, payload);
    }

    /// Sends what may be sent for the first time.
    fn send(&mut self, link: &Link) {
        match self.plan.pace {
            Pace::Flood { window } => {
                while self.outbox.under_way() < usize::from(window) {
                    if !self.outbox.waits() {
                        let end_ms = self.start_ms - FLOOD_BACK_MS + self.elapsed_minutes_ms();
                        self.tally.made.fetch_add(self.outbox.add(1, MINUTE_MS, end_ms), Relaxed);
                    }
                    let Some(due) = self.outbox.next(Instant::now()) else { return };
                    self.send_one(link, due);
                }
            }
            Pace::Windows { .. } => {
                while self.outbox.waits() && self.outbox.under_way() <= BATCH * usize::from(BATCHES - 1) {
                    let now = Instant::now();
                    let batch: Vec<Due> = std::iter::from_fn(|| self.outbox.next(now)).take(BATCH).collect();
                    self.send_batch(link, &batch);
                }
            }
        }
    }

    /// A minute for each summary that a flood has made.
    fn elapsed_minutes_ms(&self) -> i64 {
        self.outbox.last_sequence().cast_signed() * MINUTE_MS
    }

    fn send_again(&mut self, link: &Link, patience: Duration) {
        let overdue = self.outbox.overdue(Instant::now(), patience, BATCH * usize::from(BATCHES));
        self.tally.sent_again.fetch_add(overdue.len() as u64, Relaxed);
        // The broker's word is for one message, and a flood's are of one summary.
        let batch = if matches!(self.plan.pace, Pace::Flood { .. }) { 1 } else { BATCH };
        overdue.chunks(batch).for_each(|batch| self.send_batch(link, batch));
    }

    fn send_batch(&mut self, link: &Link, batch: &[Due]) {
        if let [due] = batch {
            return self.send_one(link, *due);
        }
        let mut text = format!("{{\"version\":{},\"summaries\":[", Version::NUMBER);
        for (place, due) in batch.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            self.write(&mut text, *due);
        }
        text.push_str("]}");
        let last = batch.last().map(|due| due.sequence);
        link.publish(&self.topics[Channel::Backlog.as_str()], Channel::Backlog, last, text);
    }

    fn send_one(&mut self, link: &Link, due: Due) {
        let mut text = String::new();
        self.write(&mut text, due);
        link.publish(&self.topics[Channel::Summary.as_str()], Channel::Summary, Some(due.sequence), text);
    }

    fn write(&mut self, text: &mut String, due: Due) {
        let flooding = matches!(self.plan.pace, Pace::Flood { .. });
        let used_up = self.template.as_ref().is_none_or(|(_, left)| *left == 0 || !flooding);
        if used_up {
            let window_ms = self.plan.window.as_millis() as u64;
            self.template =
                Some((Template::new(&self.boot, window_ms, self.world.window(due.time_ms)), SAME));
        }
        if let Some((template, left)) = &mut self.template {
            *left -= 1;
            // The machine has been up for longer than the device has anything to say of.
            let up_ms = u64::try_from(due.time_ms - self.start_ms + 2 * FLOOD_BACK_MS).unwrap_or(0);
            template.write(text, due.sequence, up_ms, due.time_ms);
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            boot: self.boot.clone(),
            monotonic_ms: self.start.elapsed().as_millis() as u64 + 2 * FLOOD_BACK_MS as u64,
            time_ms: wall_ms(),
            clock: ClockTrust::Synchronized,
        }
    }

    fn publish_state(&self, link: &Link) {
        let now = self.world.now(wall_ms());
        let state = State {
            version: Version,
            stamp: self.stamp(),
            mean: now.clone(),
            now,
            faults: BTreeMap::new(),
            dropped_count: 0,
            top: None,
        };
        let payload = serde_json::to_vec(&state).expect("a state is made of maps and numbers");
        let taken = link.publish(&self.topics[Channel::State.as_str()], Channel::State, None, payload);
        (if taken { &self.tally.states } else { &self.tally.states_dropped }).fetch_add(1, Relaxed);
    }

    fn birth(&self) -> Vec<u8> {
        let birth = Birth {
            version: Version,
            stamp: self.stamp(),
            machine_boot: self.boot.as_str().to_owned(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            hostname: self.id.as_str().to_owned(),
            model: Some("Simulated device".to_owned()),
            serial: None,
            os: "Simulated".to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            interval_ms: self.plan.interval.as_millis() as u64,
            window_ms: self.plan.window.as_millis() as u64,
            metrics: self.world.descriptions(&self.id),
        };
        serde_json::to_vec(&birth).expect("a birth is made of lists and texts")
    }
}

/// Ticks that do not fall together with those of other devices.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period.mul_f64(fastrand::f64()), period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// Milliseconds of the wall clock since 1970.
fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

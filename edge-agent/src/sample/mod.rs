//! The first stage: at every tick, one sample of all sensors.

mod lane;

use crate::{catalogue::Catalogue, clock::Moment, sensor::Lane, window::Values};
use lane::{Order, Reply};
use protocol::{Fault, SensorId, Top};
use std::{io, ops::Range, sync::mpsc as blocking, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout_at},
};

/// All readings of one tick.
#[derive(Debug)]
pub struct Sample {
    /// When it was taken.
    pub at: Moment,
    /// Milliseconds before it that it stands for: an interval, or less after one that was taken in between.
    pub span_ms: u64,
    /// One entry for each metric of the catalogue; `None` is missing.
    pub values: Values,
    /// The sensors that gave none, and why.
    pub faults: Vec<(SensorId, Fault)>,
    /// The processes that cost most, if that is asked for.
    pub top: Option<Box<Top>>,
}

/// What the sampler can be asked for while it runs.
#[derive(Debug)]
pub enum Request {
    /// A sample at once, beside those of the ticks.
    Sample(oneshot::Sender<Result<(), Refused>>),
    /// Another interval from now on.
    Interval(Duration, oneshot::Sender<Result<(), Refused>>),
}

/// Why the sampler did not do what it was asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A sample of nearly the same moment would say nothing more.
    #[error("a sample was taken {0} ms ago")]
    TooSoon(u64),
}

/// Shortest time between two samples, in milliseconds: the shortest interval there is.
const SHORTEST_MS: u64 = 100;
/// Longest time that a tick waits for its sensors: a BME280 with all its oversampling takes 0.12 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// Replies that may wait at least; lanes that have more to say wait with them.
const REPLIES: usize = 16;

/// Samples whatever the lanes hold, tick by tick.
pub struct Sampler {
    lanes: Vec<LaneHandle>,
    replies: mpsc::Receiver<Reply>,
    /// For the lanes that are still to come.
    outbox: mpsc::Sender<Reply>,
    catalogue: Catalogue,
    interval: Duration,
    /// Longest time that a tick waits, see [`PATIENCE`]; never more than half an interval.
    patience: Duration,
    /// Goes on while the stages are wired anew: no tick is lost or double.
    ticks: Option<Interval>,
    /// Lanes started so far, each of which has a number of its own.
    started: usize,
    requests: Option<mpsc::Receiver<Request>>,
    /// When the last sample was taken, by both clocks.
    last: Option<(u64, Instant)>,
    /// Whether the next sample stands for another time than an interval.
    irregular: bool,
}

struct LaneHandle {
    name: String,
    number: usize,
    orders: blocking::SyncSender<Order>,
    /// Places of its metrics in the catalogue.
    metrics: Range<usize>,
    /// Places of its sensors in the catalogue.
    sensors: Range<usize>,
    /// The buffer for the next order; `None` while the lane has it, because it has not answered yet.
    buffer: Option<Values>,
    /// Whether it had not answered at the last tick.
    hangs: bool,
}

impl Sampler {
    /// Starts a thread for each lane.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(lanes: Vec<Lane>, interval: Duration) -> io::Result<Self> {
        let (outbox, replies) = mpsc::channel(lanes.len().max(REPLIES));
        let mut sampler = Self {
            lanes: Vec::new(),
            replies,
            outbox,
            catalogue: Catalogue::default(),
            interval,
            patience: PATIENCE,
            ticks: None,
            started: 0,
            requests: None,
            last: None,
            irregular: false,
        };
        sampler.rebuild(lanes, |_| false, interval)?;
        Ok(sampler)
    }

    /// Samples what `lanes` hold from now on. Of those that are `unchanged`, by their names, the one that
    /// runs already goes on with its sensors as they are; the others are started anew.
    ///
    /// # Errors
    /// When the system gives no more threads; nothing has changed then.
    pub fn rebuild(
        &mut self,
        lanes: Vec<Lane>,
        unchanged: impl Fn(&str) -> bool,
        interval: Duration,
    ) -> io::Result<()> {
        let mut catalogue = Catalogue::default();
        let mut planned: Vec<(Option<LaneHandle>, Range<usize>, Range<usize>)> = Vec::new();
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for lane in lanes {
            let (first_metric, first) = (catalogue.len(), catalogue.sensors().len());
            let running = self.lanes.iter().position(|running| running.name == lane.name);
            let handle = match running.filter(|_| unchanged(&lane.name)) {
                Some(running) => {
                    for (id, metrics) in &self.catalogue.sensors()[self.lanes[running].sensors.clone()] {
                        catalogue.add(id, &self.catalogue.metrics()[metrics.clone()]);
                    }
                    kept.push((planned.len(), running));
                    None
                }
                None => {
                    lane.sensors.iter().for_each(|sensor| catalogue.add(sensor.id(), sensor.metrics()));
                    Some(self.launch(lane, catalogue.len() - first_metric)?)
                }
            };
            planned.push((handle, first_metric..catalogue.len(), first..catalogue.sensors().len()));
        }
        let mut running: Vec<Option<LaneHandle>> = self.lanes.drain(..).map(Some).collect();
        for (place, from) in kept {
            planned[place].0 = running[from].take();
        }
        let placed = planned.into_iter().filter_map(|(handle, metrics, sensors)| {
            handle.map(|handle| LaneHandle { metrics, sensors, ..handle })
        });
        self.lanes = placed.collect();
        self.catalogue = catalogue;
        if self.interval != interval {
            self.change(interval);
        }
        Ok(())
    }

    /// Starts the thread of a lane that gives `metrics` values.
    fn launch(&mut self, lane: Lane, metrics: usize) -> io::Result<LaneHandle> {
        let (name, number) = (lane.name.clone(), self.started);
        let orders = lane::start(number, lane, self.outbox.clone())?;
        self.started += 1;
        let buffer = Some(vec![None; metrics].into());
        Ok(LaneHandle { name, number, orders, metrics: 0..0, sensors: 0..0, buffer, hangs: false })
    }

    /// Takes `requests` from now on.
    pub fn asked_by(mut self, requests: mpsc::Receiver<Request>) -> Self {
        self.requests = Some(requests);
        self
    }

    /// What the samples hold.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Sends a sample at every tick until `stop` completes or nobody listens any more. A late tick is
    /// skipped, never made up for: two samples of one moment would weigh double.
    pub async fn run(&mut self, samples: mpsc::Sender<Sample>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let interval = self.interval;
            let ticks = self.ticks.get_or_insert_with(|| ticks(Instant::now(), interval));
            let request = tokio::select! {
                // In this order: requests, however many, hold up no tick.
                biased;
                () = &mut stop => return,
                _ = ticks.tick() => None,
                Some(request) = next(&mut self.requests) => Some(request),
            };
            let sample = match request {
                None => self.tick().await,
                Some(Request::Interval(interval, done)) => {
                    self.change(interval);
                    // Who asked may be gone.
                    let _ = done.send(Ok(()));
                    continue;
                }
                Some(Request::Sample(done)) => {
                    if let Some(since_ms) = self.last.map(|(_, at)| at.elapsed().as_millis() as u64)
                        && since_ms < SHORTEST_MS
                    {
                        let _ = done.send(Err(Refused::TooSoon(since_ms)));
                        continue;
                    }
                    self.irregular = true;
                    let sample = self.tick().await;
                    // The next one stands for what is left of the interval.
                    self.irregular = true;
                    let _ = done.send(Ok(()));
                    sample
                }
            };
            if samples.send(sample).await.is_err() {
                return;
            }
        }
    }

    /// Another interval, counted from the last sample: so asking again and again puts no sample off.
    fn change(&mut self, interval: Duration) {
        self.interval = interval;
        self.irregular = true;
        let now = Instant::now();
        let due = self.last.map_or(now, |(_, at)| at + interval);
        self.ticks = Some(ticks(due.max(now), interval));
    }

    /// One sample of all sensors, now.
    pub(crate) async fn tick(&mut self) -> Sample {
        let at = Moment::now();
        let interval_ms = self.interval.as_millis() as u64;
        let span_ms = match self.last {
            Some((last_ms, _)) if self.irregular => at.monotonic_ms.saturating_sub(last_ms).max(1),
            _ => interval_ms,
        };
        self.irregular = false;
        self.last = Some((at.monotonic_ms, Instant::now()));
        let values = vec![None; self.catalogue.len()].into();
        let mut sample = Sample { at, span_ms, values, faults: Vec::new(), top: None };
        // What came after its tick had ended: the values are too old, but the lane is free again.
        while let Ok(late) = self.replies.try_recv() {
            if let Some(lane) = by_number(&mut self.lanes, late.lane) {
                lane.buffer = Some(late.values);
            }
        }
        let (mut awaited, mut late) = (0, Vec::new());
        for lane in &mut self.lanes {
            let Some(values) = lane.buffer.take() else { continue };
            if lane.orders.try_send(Order { at, values }).is_ok() {
                awaited += 1;
            }
        }
        let deadline = Instant::now() + self.patience.min(self.interval / 2);
        while awaited > 0 {
            let Ok(Some(reply)) = timeout_at(deadline, self.replies.recv()).await else { break };
            if reply.at != at {
                // Free for the next tick, but at this one it gave nothing.
                late.push(reply);
                continue;
            }
            // A lane that is there no more may have been the last to answer.
            let Some(lane) = by_number(&mut self.lanes, reply.lane) else { continue };
            sample.values[lane.metrics.clone()].copy_from_slice(&reply.values);
            sample.faults.extend(reply.faults);
            sample.top = sample.top.or(reply.top);
            awaited -= 1;
            lane.buffer = Some(reply.values);
        }
        for lane in &mut self.lanes {
            let hangs = lane.buffer.is_none();
            let sensors = &self.catalogue.sensors()[lane.sensors.clone()];
            if hangs {
                sample.faults.extend(sensors.iter().map(|(id, _)| (id.clone(), Fault::NoAnswer)));
            }
            if hangs != lane.hangs {
                lane.hangs = hangs;
                tell(sensors, hangs);
            }
        }
        for reply in late {
            if let Some(lane) = by_number(&mut self.lanes, reply.lane) {
                lane.buffer = Some(reply.values);
            }
        }
        sample
    }
}

fn ticks(start: Instant, interval: Duration) -> Interval {
    let mut ticks = interval_at(start, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

/// The next request; never, where nobody asks.
async fn next(requests: &mut Option<mpsc::Receiver<Request>>) -> Option<Request> {
    match requests {
        Some(requests) => requests.recv().await,
        None => std::future::pending().await,
    }
}

fn by_number(lanes: &mut [LaneHandle], number: usize) -> Option<&mut LaneHandle> {
    lanes.iter_mut().find(|lane| lane.number == number)
}

/// Why a sensor's own reading failed, the sensor says itself; that it never came back, nobody else can.
fn tell(sensors: &[(SensorId, Range<usize>)], hangs: bool) {
    for (sensor, _) in sensors {
        if hangs {
            tracing::warn!(%sensor, "the sensor did not come back from its reading in time");
        } else {
            tracing::info!(%sensor, "the sensor came back");
        }
    }
}

#[cfg(test)]
mod tests;

//! The first stage: at every tick, one sample of all sensors.

mod lane;

use crate::{catalogue::Catalogue, clock::Moment, sensor::Lane, window::Values};
use lane::{Order, Reply};
use protocol::{Fault, SensorId};
use std::{io, ops::Range, sync::mpsc as blocking, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};

/// All readings of one tick.
#[derive(Debug)]
pub struct Sample {
    /// When it was taken.
    pub at: Moment,
    /// One entry for each metric of the catalogue; `None` is missing.
    pub values: Values,
    /// The sensors that gave none, and why.
    pub faults: Vec<(SensorId, Fault)>,
}

/// Longest time that a tick waits for its sensors: a BME280 with all its oversampling takes 0.12 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// Samples whatever the lanes hold, tick by tick.
pub struct Sampler {
    lanes: Vec<LaneHandle>,
    replies: mpsc::Receiver<Reply>,
    catalogue: Catalogue,
    interval: Duration,
}

struct LaneHandle {
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
        let catalogue = Catalogue::of(&lanes);
        let (outbox, replies) = mpsc::channel(lanes.len().max(1));
        let (mut handles, mut metric, mut first) = (Vec::new(), 0, 0);
        for (number, lane) in lanes.into_iter().enumerate() {
            let metrics = metric..metric + lane.sensors.iter().map(|s| s.metrics().len()).sum::<usize>();
            let sensors = first..first + lane.sensors.len();
            (metric, first) = (metrics.end, sensors.end);
            let orders = lane::start(number, lane, outbox.clone())?;
            let buffer = Some(vec![None; metrics.len()].into());
            handles.push(LaneHandle { orders, metrics, sensors, buffer, hangs: false });
        }
        Ok(Self { lanes: handles, replies, catalogue, interval })
    }

    /// What the samples hold.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Sends a sample at every tick until `stop` completes or nobody listens any more. A late tick is
    /// skipped, never made up for: two samples of one moment would weigh double.
    pub async fn run(mut self, samples: mpsc::Sender<Sample>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = ticks.tick() => {}
            }
            let sample = self.tick().await;
            if samples.send(sample).await.is_err() {
                return;
            }
        }
    }

    async fn tick(&mut self) -> Sample {
        let at = Moment::now();
        let mut sample = Sample { at, values: vec![None; self.catalogue.len()].into(), faults: Vec::new() };
        // What came after its tick had ended: the values are too old, but the lane is free again.
        while let Ok(late) = self.replies.try_recv() {
            self.lanes[late.lane].buffer = Some(late.values);
        }
        let (mut awaited, mut late) = (0, Vec::new());
        for lane in &mut self.lanes {
            let Some(values) = lane.buffer.take() else { continue };
            if lane.orders.try_send(Order { at, values }).is_ok() {
                awaited += 1;
            }
        }
        let deadline = Instant::now() + PATIENCE.min(self.interval / 2);
        while awaited > 0 {
            let Ok(Some(reply)) = timeout_at(deadline, self.replies.recv()).await else { break };
            let lane = &mut self.lanes[reply.lane];
            if reply.at != at {
                // Free for the next tick, but at this one it gave nothing.
                late.push(reply);
                continue;
            }
            sample.values[lane.metrics.clone()].copy_from_slice(&reply.values);
            sample.faults.extend(reply.faults);
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
            self.lanes[reply.lane].buffer = Some(reply.values);
        }
        sample
    }
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

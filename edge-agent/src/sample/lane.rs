//! A lane: a thread for sensors that may block, so that a hung transfer holds up nobody else.

use crate::{clock::Moment, sensor::Lane, window::Values};
use protocol::{Fault, SensorId, Top};
use std::sync::mpsc as blocking;
use tokio::sync::mpsc;

/// Small: a sensor's read goes a few calls deep, and a fleet's worth of lanes must fit a Pi Zero.
const STACK_BYTES: usize = 128 * 1024;

/// One tick's order to a lane: when, and the buffer to fill.
pub(super) struct Order {
    pub(super) at: Moment,
    pub(super) values: Values,
}

/// What a lane did for an [`Order`].
pub(super) struct Reply {
    pub(super) lane: usize,
    pub(super) at: Moment,
    pub(super) values: Values,
    pub(super) faults: Vec<(SensorId, Fault)>,
    pub(super) top: Option<Box<Top>>,
}

/// Starts the thread of a lane. It ends when its orders do.
pub(super) fn start(
    number: usize,
    mut lane: Lane,
    replies: mpsc::Sender<Reply>,
) -> std::io::Result<blocking::SyncSender<Order>> {
    let (orders, inbox) = blocking::sync_channel::<Order>(1);
    std::thread::Builder::new().name(lane.name.clone()).stack_size(STACK_BYTES).spawn(move || {
        while let Ok(Order { at, mut values }) = inbox.recv() {
            let faults = read(&mut lane, at, &mut values);
            let top = lane.sensors.iter_mut().find_map(|sensor| sensor.top());
            if replies.blocking_send(Reply { lane: number, at, values, faults, top }).is_err() {
                return;
            }
        }
    })?;
    Ok(orders)
}

/// Reads every sensor of the lane: each leaves readings, or one fault and none.
fn read(lane: &mut Lane, at: Moment, mut values: &mut [Option<f64>]) -> Vec<(SensorId, Fault)> {
    let mut faults = Vec::new();
    for sensor in &mut lane.sensors {
        let (own, rest) = values.split_at_mut(sensor.metrics().len());
        own.fill(None);
        let outcome = sensor.read(at, own).and_then(|()| {
            // JSON has no word for what is not finite, and no sensor means it.
            if own.iter().flatten().all(|value| value.is_finite()) { Ok(()) } else { Err(Fault::OutOfRange) }
        });
        if let Err(fault) = outcome {
            own.fill(None);
            faults.push((sensor.id().clone(), fault));
        }
        values = rest;
    }
    faults
}

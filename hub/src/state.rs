//! The hub's latest values of every device.

use crate::{
    ingest::decode::{Body, Message, Refused},
    labels::Labels,
    mqtt::Outgoing,
};
use bytestring::ByteString;
use parking_lot::RwLock;
use protocol::{BootId, Channel, ClockTrust, DeviceId, Stamp, Status, Topics};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// Most devices that a hub takes in.
pub const MAX_DEVICES: usize = 20_000;

/// The latest of one device. Cheap to clone: texts are shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// What its status topic said last; `None` until it said anything.
    pub status: Option<Status>,
    /// When the hub learnt that status, in milliseconds since 1970-01-01 UTC.
    pub status_since_ms: Option<i64>,
    /// When it last said something itself.
    pub last_heard_ms: Option<i64>,
    /// The JSON of its last birth.
    pub birth: Option<ByteString>,
    /// The JSON of its last state.
    pub state: Option<ByteString>,
    /// When that state came; `None` when the broker had kept it and its age is not known.
    pub state_received_ms: Option<i64>,
    /// What people say of it; `None` when nobody said anything. Stored apart from the rest.
    pub labels: Option<Arc<Labels>>,
}

/// What a message changed for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// Status or birth.
    Device,
    /// The live values; with the time of [`Device::state_received_ms`].
    State(Option<i64>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Unsaved {
    #[default]
    No,
    /// Live values, which the device repeats in seconds.
    Values,
    /// Status or birth.
    Identity,
}

#[derive(Debug, Default)]
struct Entry {
    device: Device,
    /// Boot and monotonic time of the state, if there is one.
    newest: Option<(BootId, u64)>,
    unsaved: Unsaved,
}

/// A device that was taken out.
#[derive(Debug)]
pub struct Removed(Box<Entry>);

/// Latest values by device.
#[derive(Debug, Default)]
pub struct State {
    /// Boxed, since the nodes of the tree have room for more of them than are there.
    entries: RwLock<BTreeMap<DeviceId, Box<Entry>>>,
}

impl State {
    /// The state as a store remembers it.
    pub fn restore(saved: Vec<(DeviceId, Device)>) -> Self {
        let entry = |device: Device| {
            let stamp = device.state.as_deref().and_then(|text| serde_json::from_str::<Stamp>(text).ok());
            let newest = stamp.map(|stamp| (stamp.boot, stamp.monotonic_ms));
            Box::new(Entry { newest, device, unsaved: Unsaved::No })
        };
        Self { entries: RwLock::new(saved.into_iter().map(|(id, device)| (id, entry(device))).collect()) }
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// [`Refused::TooManyDevices`] for a new device beyond [`MAX_DEVICES`].
    pub fn apply(&self, message: &Message, received_ms: i64) -> Result<Change, Refused> {
        let mut entries = self.entries.write();
        if let Some(entry) = entries.get_mut(&message.device) {
            return Ok(entry.apply(message, received_ms));
        }
        if entries.len() >= MAX_DEVICES {
            return Err(Refused::TooManyDevices(MAX_DEVICES));
        }
        Ok(entries.entry(message.device.clone()).or_default().apply(message, received_ms))
    }

    /// The latest of one device.
    pub fn get(&self, device: &DeviceId) -> Option<Device> {
        self.entries.read().get(device).map(|entry| entry.device.clone())
    }

    /// The latest of all devices, by id.
    pub fn all(&self) -> Vec<(DeviceId, Device)> {
        self.entries.read().iter().map(|(id, entry)| (id.clone(), entry.device.clone())).collect()
    }

    /// The latest of the first device, by id, after one; of the first of all without one.
    pub fn after(&self, device: Option<&DeviceId>) -> Option<(DeviceId, Device)> {
        let begin = device.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.entries.read();
        let (id, entry) = entries.range::<DeviceId, _>((begin, Bound::Unbounded)).next()?;
        Some((id.clone(), entry.device.clone()))
    }

    /// Takes a device out.
    pub fn remove(&self, device: &DeviceId) -> Option<Removed> {
        self.entries.write().remove(device).map(Removed)
    }

    /// Says what people say of a device. `None` when there is no such device.
    pub fn label(&self, device: &DeviceId, labels: &Labels) -> Option<Device> {
        let mut entries = self.entries.write();
        let device = &mut entries.get_mut(device)?.device;
        device.labels = (!labels.is_empty()).then(|| Arc::new(labels.clone()));
        Some(device.clone())
    }

    /// Puts a device back that was taken out, unless it came again by itself.
    pub fn put_back(&self, device: &DeviceId, removed: Removed) {
        self.entries.write().entry(device.clone()).or_insert(removed.0);
    }

    /// After a restart with the embedded broker nobody is connected: whoever was online is offline, since
    /// `now_ms` as far as the hub knows.
    pub fn all_offline(&self, now_ms: i64) {
        for entry in self.entries.write().values_mut() {
            if entry.device.status == Some(Status::Online) {
                entry.set_status(Status::Offline, now_ms);
            }
        }
    }

    /// The retained messages that a broker without a memory must be given after its start.
    pub fn retained(&self, topics: &Topics) -> Vec<Outgoing> {
        let mut messages = Vec::new();
        for (id, device) in self.all() {
            // Shared, not copied: the broker keeps it for as long as the state does, and for every device.
            let mut push = |channel: Channel, text: ByteString| {
                messages.push(Outgoing {
                    topic: topics.device(&id, channel),
                    payload: text.into_bytes(),
                    qos: channel.qos(),
                    retained: true,
                });
            };
            let status = device.status.map(|status| ByteString::from_static(status.as_str()));
            device.birth.into_iter().for_each(|text| push(Channel::Birth, text));
            status.into_iter().for_each(|text| push(Channel::Status, text));
            device.state.into_iter().for_each(|text| push(Channel::State, text));
        }
        messages
    }

    /// Devices that changed since they were last taken. Without `values`, those where only the live values
    /// did are left for later.
    pub fn take_unsaved(&self, values: bool) -> Vec<(DeviceId, Device)> {
        let least = if values { Unsaved::Values } else { Unsaved::Identity };
        let mut entries = self.entries.write();
        let due = entries.iter_mut().filter(|(_, entry)| entry.unsaved >= least);
        due.map(|(id, entry)| {
            entry.unsaved = Unsaved::No;
            (id.clone(), entry.device.clone())
        })
        .collect()
    }
}

impl Entry {
    fn apply(&mut self, message: &Message, received_ms: i64) -> Change {
        let retained = message.retained;
        match &message.body {
            Body::Status(status) => {
                // `offline` may be the broker's word, not the device's.
                if *status == Status::Online && !retained {
                    self.heard(received_ms);
                }
                self.set_status(*status, received_ms)
            }
            Body::Birth(birth, text) => {
                if let Some(at) = told_at(&birth.stamp, retained, received_ms) {
                    self.heard(at);
                }
                if self.device.birth.as_ref() == Some(text) {
                    return Change::None;
                }
                self.device.birth = Some(text.clone());
                self.unsaved = Unsaved::Identity;
                Change::Device
            }
            Body::State(state, text) => {
                let Stamp { boot, monotonic_ms, .. } = &state.stamp;
                // The broker's copy of what the hub has, or has newer; live, the hub's own after a restart.
                if self.newest.as_ref().is_some_and(|(known, newest)| {
                    known == boot && (monotonic_ms == newest || (retained && monotonic_ms < newest))
                }) {
                    return Change::None;
                }
                let at = told_at(&state.stamp, retained, received_ms);
                if let Some(at) = at {
                    self.heard(at);
                }
                self.device.state_received_ms = at;
                self.device.state = Some(text.clone());
                self.newest = Some((boot.clone(), *monotonic_ms));
                self.unsaved = self.unsaved.max(Unsaved::Values);
                Change::State(at)
            }
            Body::Summaries(_) | Body::Result(_) => {
                if !retained {
                    self.heard(received_ms);
                }
                Change::None
            }
        }
    }

    fn set_status(&mut self, status: Status, since_ms: i64) -> Change {
        if self.device.status == Some(status) {
            return Change::None;
        }
        self.device.status = Some(status);
        self.device.status_since_ms = Some(since_ms);
        self.unsaved = Unsaved::Identity;
        Change::Device
    }

    fn heard(&mut self, at_ms: i64) {
        let last = &mut self.device.last_heard_ms;
        if last.is_none_or(|last| last < at_ms) {
            *last = Some(at_ms);
            self.unsaved = self.unsaved.max(Unsaved::Values);
        }
    }
}

/// When a device said something: now, or for the broker's copy when the device's clock says, if it knows.
fn told_at(stamp: &Stamp, retained: bool, received_ms: i64) -> Option<i64> {
    match (retained, stamp.clock) {
        (false, _) => Some(received_ms),
        (true, ClockTrust::Synchronized) => Some(stamp.time_ms.min(received_ms)),
        (true, ClockTrust::Unsynchronized) => None,
    }
}

#[cfg(test)]
mod tests;

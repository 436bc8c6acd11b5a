//! Live events for everybody who watches: serialised once, kept for a while for who comes back.

mod ring;

pub use ring::{Item, Position};

use crate::{
    state::Device,
    view::{self, SettingsEvent},
};
use bytes::Bytes;
use parking_lot::Mutex;
use protocol::DeviceId;
use ring::Ring;
use std::sync::Arc;
use tokio::sync::watch;

/// Events that a reader may be behind before it loses some, and that one who comes back may have missed.
pub const CAPACITY: usize = 4096;

/// Where events are published. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stream {
    ring: Arc<Mutex<Ring>>,
    /// The number of the newest event.
    newest: Arc<watch::Sender<u64>>,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Arc<Item>),
    /// It was too slow and missed this many events; the next one is the newest.
    Lagged(u64),
    /// There will be no more.
    Closed,
}

/// One reader.
#[derive(Debug)]
pub struct Reader {
    ring: Arc<Mutex<Ring>>,
    newest: watch::Receiver<u64>,
    /// The number of the last event that it has seen or let pass.
    seen: u64,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new(CAPACITY, 0)
    }
}

impl Stream {
    /// A stream whose readers may be `capacity` events behind. `run` tells this run of the hub from others, so that
    /// nobody goes on from another one's events.
    pub fn new(capacity: usize, run: u64) -> Self {
        Self { ring: Arc::new(Mutex::new(Ring::new(capacity, run))), newest: Arc::new(watch::Sender::new(0)) }
    }

    /// A reader of what is published from now on.
    pub fn subscribe(&self) -> Reader {
        let newest = self.newest.subscribe();
        let mut ring = self.ring.lock();
        ring.enter();
        Reader { ring: self.ring.clone(), newest, seen: ring.newest() }
    }

    /// A reader of what is published after `position`; `None` when some of that is gone.
    pub fn resume(&self, position: Position) -> Option<Reader> {
        let newest = self.newest.subscribe();
        let mut ring = self.ring.lock();
        let seen = ring.find(position)?;
        ring.enter();
        Some(Reader { ring: self.ring.clone(), newest, seen })
    }

    /// Number of readers.
    pub fn readers(&self) -> usize {
        self.ring.lock().readers()
    }

    /// Whether events are wanted: somebody reads, or has left only just and may come back.
    pub fn is_watched(&self) -> bool {
        self.ring.lock().is_recording()
    }

    /// Publishes that a device's status or birth changed.
    pub fn device(&self, id: &DeviceId, device: &Device) {
        self.publish("device", Some(id), 0, |out| view::write_device(out, id, device));
    }

    /// Publishes that a device is forgotten.
    pub fn forgotten(&self, id: &DeviceId) {
        let data = format!(r#"{{"device":"{id}"}}"#);
        self.publish("forgotten", Some(id), 0, |out| out.extend_from_slice(data.as_bytes()));
    }

    /// Publishes what is set for the hub, after a change.
    pub fn settings(&self, settings: &SettingsEvent) {
        self.publish("settings", None, 0, |out| write_settings(out, settings));
    }

    /// Publishes live values, `text` being the JSON of the state.
    pub fn state(&self, device: &DeviceId, received_ms: Option<i64>, text: &str) {
        self.part("state", device, received_ms, text.as_bytes());
    }

    /// Publishes a summary, `text` being its JSON.
    pub fn summary(&self, device: &DeviceId, received_ms: i64, text: &[u8]) {
        self.part("summary", device, Some(received_ms), text);
    }

    fn part(&self, name: &'static str, device: &DeviceId, received_ms: Option<i64>, text: &[u8]) {
        self.publish(name, Some(device), text.len() + 200, |out| {
            view::write_event(out, device, received_ms, name, text);
        });
    }

    fn publish(
        &self,
        name: &'static str,
        device: Option<&DeviceId>,
        size: usize,
        data: impl FnOnce(&mut Vec<u8>),
    ) {
        let number = self.ring.lock().publish(|position| Item {
            position,
            device: device.cloned(),
            event: write(name, Some(position), size, data),
        });
        self.newest.send_replace(number);
    }
}

impl Reader {
    /// Waits for the next event. Can be cancelled without losing any.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.waiting() {
                return next;
            }
            if self.newest.wait_for(|newest| *newest > self.seen).await.is_err() {
                return Next::Closed;
            }
        }
    }

    /// The next event, if it is there already.
    pub fn waiting(&mut self) -> Option<Next> {
        match self.ring.lock().after(self.seen) {
            Ok(Some(item)) => {
                self.seen = item.position.number;
                Some(Next::Event(item))
            }
            Ok(None) => None,
            // One that fell behind would only fall behind again with old news.
            Err(newest) => {
                let missed = newest - self.seen;
                self.seen = newest;
                Some(Next::Lagged(missed))
            }
        }
    }

    /// Up to where it has read.
    pub fn position(&self) -> Position {
        Position { run: self.ring.lock().run(), number: self.seen }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.ring.lock().leave();
    }
}

/// The event `device`, of what is so at this moment.
pub fn device_event(id: &DeviceId, device: &Device) -> Bytes {
    write("device", None, 0, |out| view::write_device(out, id, device))
}

/// The event `settings`, of what is so at this moment.
pub fn settings_event(settings: &SettingsEvent) -> Bytes {
    write("settings", None, 0, |out| write_settings(out, settings))
}

fn write_settings(out: &mut Vec<u8>, settings: &SettingsEvent) {
    // Numbers and words always serialise.
    out.extend_from_slice(&serde_json::to_vec(settings).unwrap_or_default());
}

/// The event `ping` to a reader that has read up to `position`.
pub fn ping_event(now_ms: i64, position: Position) -> Bytes {
    let data = format!("{{\"now_ms\":{now_ms}}}");
    write("ping", Some(position), 0, |out| out.extend_from_slice(data.as_bytes()))
}

/// The event `lagged`.
pub fn lagged_event(skipped_count: u64, position: Position) -> Bytes {
    let data = format!("{{\"skipped_count\":{skipped_count}}}");
    write("lagged", Some(position), 0, |out| out.extend_from_slice(data.as_bytes()))
}

/// The event `resume`, first of all to who came back.
pub fn resume_event(resumed: bool) -> Bytes {
    let data = format!("{{\"resumed\":{resumed}}}");
    write("resume", None, 0, |out| out.extend_from_slice(data.as_bytes()))
}

/// An event with this data, ready for the wire.
fn write(name: &str, position: Option<Position>, size: usize, data: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::with_capacity(size);
    if let Some(position) = position {
        out.extend_from_slice(format!("id: {position}\n").as_bytes());
    }
    out.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    data(&mut out);
    out.extend_from_slice(b"\n\n");
    Bytes::from(out)
}

#[cfg(test)]
mod tests;

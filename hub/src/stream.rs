//! Live events for everybody who watches: serialised once, shared by all readers.

use crate::{state::Device, view};
use bytes::Bytes;
use protocol::DeviceId;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

/// Events that a reader may be behind before it loses some.
pub const CAPACITY: usize = 4096;

/// Where events are published.
#[derive(Debug, Clone)]
pub struct Stream {
    events: broadcast::Sender<Bytes>,
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A server-sent event, ready for the wire.
    Event(Bytes),
    /// It was too slow and missed this many events; the next one is the newest.
    Lagged(u64),
    /// There will be no more.
    Closed,
}

/// One reader.
#[derive(Debug)]
pub struct Reader {
    events: broadcast::Receiver<Bytes>,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Stream {
    /// A stream whose readers may be `capacity` events behind.
    pub fn new(capacity: usize) -> Self {
        Self { events: broadcast::Sender::new(capacity) }
    }

    /// A reader of what is published from now on.
    pub fn subscribe(&self) -> Reader {
        Reader { events: self.events.subscribe() }
    }

    /// Number of readers.
    pub fn readers(&self) -> usize {
        self.events.receiver_count()
    }

    /// Whether anybody reads.
    pub fn is_watched(&self) -> bool {
        self.events.receiver_count() > 0
    }

    /// Publishes that a device's status or birth changed.
    pub fn device(&self, id: &DeviceId, device: &Device) {
        if self.is_watched() {
            self.publish(device_event(id, device));
        }
    }

    /// Publishes live values, `text` being the JSON of the state.
    pub fn state(&self, device: &DeviceId, received_ms: Option<i64>, text: &str) {
        self.part("state", device, received_ms, text.as_bytes());
    }

    /// Publishes a summary, `text` being its JSON.
    pub fn summary(&self, device: &DeviceId, received_ms: i64, text: &[u8]) {
        self.part("summary", device, Some(received_ms), text);
    }

    fn part(&self, name: &str, device: &DeviceId, received_ms: Option<i64>, text: &[u8]) {
        if self.is_watched() {
            self.publish(event(name, text.len() + 160, |out| {
                view::write_event(out, device, received_ms, name, text);
            }));
        }
    }

    fn publish(&self, event: Bytes) {
        // An error means that the last reader has just left.
        let _ = self.events.send(event);
    }
}

impl Reader {
    /// Waits for the next event. Can be cancelled without losing any.
    pub async fn next(&mut self) -> Next {
        match self.events.recv().await {
            Ok(event) => Next::Event(event),
            Err(RecvError::Closed) => Next::Closed,
            Err(RecvError::Lagged(lost)) => Next::Lagged(lost + self.skip_to_newest()),
        }
    }

    /// Drops what is waiting. A reader that fell behind would only fall behind again with old news.
    fn skip_to_newest(&mut self) -> u64 {
        let mut skipped = 0;
        // Bounded, because others publish meanwhile.
        for _ in 0..CAPACITY {
            match self.events.try_recv() {
                Ok(_) => skipped += 1,
                Err(TryRecvError::Lagged(lost)) => skipped += lost,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        skipped
    }
}

/// The event `device`.
pub fn device_event(id: &DeviceId, device: &Device) -> Bytes {
    event("device", 0, |out| view::write_device(out, id, device))
}

/// The event `ping`.
pub fn ping_event(now_ms: i64) -> Bytes {
    Bytes::from(format!("event: ping\ndata: {{\"now_ms\":{now_ms}}}\n\n"))
}

/// The event `lagged`.
pub fn lagged_event(skipped_count: u64) -> Bytes {
    Bytes::from(format!("event: lagged\ndata: {{\"skipped_count\":{skipped_count}}}\n\n"))
}

fn event(name: &str, capacity: usize, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::with_capacity(capacity);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    write(&mut out);
    out.extend_from_slice(b"\n\n");
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(stream: &Stream, text: &str) {
        stream.summary(&"roof".parse().unwrap(), 7, text.as_bytes());
    }

    #[tokio::test]
    async fn every_reader_gets_the_same_bytes() {
        let stream = Stream::default();
        let (mut one, mut two) = (stream.subscribe(), stream.subscribe());
        summary(&stream, "{}");
        let (Next::Event(first), Next::Event(second)) = (one.next().await, two.next().await) else {
            panic!("both get the event")
        };
        assert_eq!(
            first,
            &b"event: summary\ndata: {\"device\":\"roof\",\"received_ms\":7,\"summary\":{}}\n\n"[..]
        );
        assert_eq!(first.as_ptr(), second.as_ptr(), "serialised once");
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed_and_goes_on_from_the_newest() {
        let stream = Stream::new(4);
        let mut slow = stream.subscribe();
        (0..10).for_each(|i| summary(&stream, &i.to_string()));
        assert_eq!(slow.next().await, Next::Lagged(10));
        summary(&stream, "\"newest\"");
        let Next::Event(event) = slow.next().await else { panic!("an event") };
        assert!(event.ends_with(b"\"summary\":\"newest\"}\n\n"), "{event:?}");
        drop(stream);
        assert_eq!(slow.next().await, Next::Closed);
    }
}

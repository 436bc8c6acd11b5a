//! Somebody else on the broker.

use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::Instant,
};

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Whether the broker had kept it.
    pub retained: bool,
}

impl Message {
    /// The payload as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("{}: {error}", self.topic))
    }
}

/// A subscriber, which may publish as well.
pub struct Listener {
    client: Client,
    received: Receiver<Message>,
}

impl Listener {
    /// Subscribes to `filter` at the broker on `port`, and returns once the broker has agreed.
    ///
    /// # Panics
    /// When there is no broker.
    pub fn start(port: u16, filter: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let id = format!("listener-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut connection) = Client::new(options, 16);
        client.subscribe(filter, QoS::AtLeastOnce).expect("the client has room");
        let (agreed_sender, agreed) = channel();
        let (sender, received) = channel();
        thread::spawn(move || {
            for event in connection.iter() {
                let delivered = match event {
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        // Only the first is waited for.
                        let _ = agreed_sender.send(());
                        true
                    }
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        let (topic, payload) = (message.topic, message.payload.into());
                        sender.send(Message { topic, payload, retained: message.retain }).is_ok()
                    }
                    Ok(_) => true,
                    Err(_) => false,
                };
                if !delivered {
                    return;
                }
            }
        });
        agreed.recv_timeout(crate::PATIENCE).expect("the broker agrees to the subscription");
        Self { client, received }
    }

    /// Waits for a message that `wanted` accepts, throwing away those before it.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn await_message(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let deadline = Instant::now() + crate::PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.received.recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("in vain: waited for {what}"));
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Everything that has come and was not waited for.
    pub fn pending(&self) -> Vec<Message> {
        self.received.try_iter().collect()
    }

    /// Publishes at QoS 1.
    ///
    /// # Panics
    /// When the broker takes nothing.
    pub fn publish(&self, topic: &str, retained: bool, payload: &[u8]) {
        self.client.publish(topic, QoS::AtLeastOnce, retained, payload).expect("the client has room");
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The broker may be gone already.
        let _ = self.client.disconnect();
    }
}

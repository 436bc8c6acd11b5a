//! A device's connection to the broker.

use crate::options::Plan;
use anyhow::Context;
use protocol::{Ack, Channel, DeviceId, Status};
use rumqttc::{
    AsyncClient, Event as Packet, EventLoop, Incoming, LastWill, MqttOptions, Outgoing, QoS, Request,
    Subscribe, Transport,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};

const KEEP_ALIVE: Duration = Duration::from_secs(30);
const PACKET_BYTES: usize = 1024 * 1024;
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(2);
/// Room for what is not a summary.
const OTHERS: u16 = 8;

/// What happens to a connection.
#[derive(Debug)]
pub(crate) enum Event {
    Up,
    Down(String),
    Ack(Ack),
    /// The broker has taken the message with this sequence.
    Taken(u64),
}

/// Sequences of the messages that were handed over and have no packet id yet, in order.
type Handed = Arc<Mutex<VecDeque<Option<u64>>>>;

/// An open connection.
pub(crate) struct Link {
    client: AsyncClient,
    pub(crate) events: mpsc::Receiver<Event>,
    handed: Handed,
    task: JoinHandle<()>,
}

impl Link {
    /// Begins to connect, with room for so many messages under way.
    ///
    /// # Errors
    /// When TLS has nothing to trust.
    pub(crate) fn open(plan: &Plan, device: &DeviceId, room: u16) -> anyhow::Result<Self> {
        let room = room.saturating_add(OTHERS);
        let mut options = MqttOptions::new(device.as_str(), &plan.url.host, plan.url.port);
        let will = LastWill::new(
            plan.topics.device(device, Channel::Status),
            Status::Offline.as_str(),
            QoS::AtLeastOnce,
            true,
        );
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(true)
            .set_max_packet_size(PACKET_BYTES, PACKET_BYTES)
            .set_inflight(room)
            .set_last_will(will);
        if plan.url.tls {
            let transport = common::tls::transport(plan.ca_file.as_deref()).context("TLS")?;
            options.set_transport(transport);
        } else {
            options.set_transport(Transport::Tcp);
        }
        if let Some((user, password)) = &plan.credentials {
            options.set_credentials(user, password.expose());
        }
        let (client, event_loop) = AsyncClient::new(options, usize::from(room));
        let (sender, events) = mpsc::channel(usize::from(room));
        let handed = Handed::default();
        let subscription = Subscribe::new(plan.topics.device(device, Channel::Ack), QoS::AtLeastOnce);
        let task = tokio::spawn(keep(event_loop, subscription, sender, Arc::clone(&handed)));
        Ok(Self { client, events, handed, task })
    }

    /// Hands a message over; whether there was room.
    pub(crate) fn publish(
        &self,
        topic: &str,
        channel: Channel,
        sequence: Option<u64>,
        payload: impl Into<Vec<u8>>,
    ) -> bool {
        let qos = if channel.qos() == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let mut handed = lock(&self.handed);
        let done = self.client.try_publish(topic, qos, channel.retained(), payload).is_ok();
        if done && qos != QoS::AtMostOnce {
            handed.push_back(sequence);
        }
        done
    }

    /// Ends without a word, as a device does that loses power.
    pub(crate) fn cut(self) {
        self.task.abort();
    }

    /// Ends with all said that was handed over.
    pub(crate) async fn close(self) {
        if self.client.try_disconnect().is_err() {
            return self.cut();
        }
        let Self { mut events, task, .. } = self;
        while events.recv().await.is_some() {}
        task.abort();
    }
}

fn lock(handed: &Handed) -> MutexGuard<'_, VecDeque<Option<u64>>> {
    handed.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn keep(
    mut event_loop: EventLoop,
    subscription: Subscribe,
    events: mpsc::Sender<Event>,
    handed: Handed,
) {
    let mut under_way = HashMap::new();
    let mut leaving = false;
    loop {
        let event = match event_loop.poll().await {
            Ok(Packet::Incoming(Incoming::ConnAck(_))) => {
                // What waits is of the connection before; the outbox sends it again.
                event_loop.pending.clear();
                event_loop.pending.push_back(Request::Subscribe(subscription.clone()));
                Event::Up
            }
            Ok(Packet::Incoming(Incoming::Publish(message))) => {
                match serde_json::from_slice(&message.payload) {
                    Ok(ack) => Event::Ack(ack),
                    Err(error) => {
                        tracing::warn!(topic = message.topic, "an ack that is none: {error}");
                        continue;
                    }
                }
            }
            Ok(Packet::Outgoing(Outgoing::Publish(packet @ 1..))) => {
                if let Some(sequence) = lock(&handed).pop_front().flatten() {
                    under_way.insert(packet, sequence);
                }
                continue;
            }
            Ok(Packet::Incoming(Incoming::PubAck(ack))) => match under_way.remove(&ack.pkid) {
                Some(sequence) => Event::Taken(sequence),
                None => continue,
            },
            Ok(Packet::Outgoing(Outgoing::Disconnect)) => {
                leaving = true;
                continue;
            }
            Ok(_) => continue,
            Err(_) if leaving => return,
            Err(error) => {
                under_way.clear();
                lock(&handed).clear();
                if events.send(Event::Down(error.to_string())).await.is_err() {
                    return;
                }
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

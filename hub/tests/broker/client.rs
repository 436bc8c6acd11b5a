//! A client of either MQTT version, polled in the background, for tests.

use rumqttc::v5;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// After so long a test has hung.
pub(crate) const HUNG: Duration = Duration::from_secs(60);
/// Largest packet that the test clients take, in bytes.
const PACKET: usize = 32 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V311,
    V5,
}

#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) retained: bool,
    /// Seconds that it is held back; only MQTT 5 can ask for that.
    pub(crate) delay: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) id: String,
    pub(crate) version: Version,
    /// Whether the session outlives the connection.
    pub(crate) persistent: bool,
    pub(crate) will: Option<Will>,
    pub(crate) login: Option<(String, String)>,
    /// Whether messages are acknowledged only when the test can see them, which is slower.
    pub(crate) careful: bool,
}

impl Options {
    pub(crate) fn new(version: Version, id: &str) -> Self {
        Self { id: id.to_owned(), version, persistent: false, will: None, login: None, careful: false }
    }

    pub(crate) fn persistent(self) -> Self {
        Self { persistent: true, ..self }
    }

    pub(crate) fn careful(self) -> Self {
        Self { careful: true, ..self }
    }

    pub(crate) fn will(self, topic: &str, payload: &str, retained: bool) -> Self {
        let will = Will { topic: topic.to_owned(), payload: payload.to_owned(), retained, delay: 0 };
        Self { will: Some(will), ..self }
    }

    pub(crate) fn will_delay(mut self, seconds: u32) -> Self {
        self.will.as_mut().expect("a will to hold back").delay = seconds;
        self
    }

    pub(crate) fn login(self, user: &str, password: &str) -> Self {
        Self { login: Some((user.to_owned(), password.to_owned())), ..self }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retained: bool,
}

impl Message {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap()
    }
}

/// What the background task saw.
enum Seen {
    Connected {
        session_present: bool,
    },
    Subscribed,
    /// With the version 5 reason if it was refused.
    Acknowledged(Option<String>),
    Message(Message, Box<Publish>),
    /// DISCONNECT is out; what remains is to close the socket.
    Goodbye,
    Other,
}

/// A message as the library acknowledges it.
enum Publish {
    V4(rumqttc::Publish),
    V5(v5::mqttbytes::v5::Publish),
}

#[derive(Clone)]
enum Handle {
    V4(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

impl Handle {
    async fn acknowledge(&self, publish: &Publish) {
        match (self, publish) {
            (Handle::V4(client), Publish::V4(publish)) => client.ack(publish).await.unwrap(),
            (Handle::V5(client), Publish::V5(publish)) => client.ack(publish).await.unwrap(),
            _ => unreachable!("a client has one version"),
        }
    }
}

pub(crate) struct Client {
    handle: Handle,
    pub(crate) session_present: bool,
    messages: mpsc::UnboundedReceiver<Message>,
    subscribed: mpsc::UnboundedReceiver<()>,
    acknowledged: mpsc::UnboundedReceiver<Option<String>>,
    /// Whether the socket is read.
    reading: watch::Sender<bool>,
    task: JoinHandle<String>,
}

impl Client {
    /// Connects; the error is what the broker or the network said.
    pub(crate) async fn connect(address: SocketAddr, options: Options) -> Result<Self, String> {
        let careful = options.careful;
        let (handle, mut events) = open(address, options);
        let session_present = match next(&mut events).await {
            Ok(Seen::Connected { session_present }) => session_present,
            Ok(_) => return Err("something came before CONNACK".to_owned()),
            Err(error) => return Err(error),
        };
        let (message_sender, messages) = mpsc::unbounded_channel();
        let (subscribed_sender, subscribed) = mpsc::unbounded_channel();
        let (acknowledged_sender, acknowledged) = mpsc::unbounded_channel();
        let (reading, mut may_read) = watch::channel(true);
        let acknowledging = careful.then(|| handle.clone());
        let task = tokio::spawn(async move {
            loop {
                // The test may drop the client; reading goes on until the task is aborted.
                let _ = may_read.wait_for(|reading| *reading).await;
                match next(&mut events).await {
                    Ok(Seen::Message(message, publish)) => {
                        let _ = message_sender.send(message);
                        if let Some(handle) = &acknowledging {
                            handle.acknowledge(&publish).await;
                        }
                    }
                    Ok(Seen::Subscribed) => drop(subscribed_sender.send(())),
                    Ok(Seen::Acknowledged(refusal)) => drop(acknowledged_sender.send(refusal)),
                    Ok(Seen::Goodbye) => return "said goodbye".to_owned(),
                    Ok(_) => {}
                    Err(error) => return error,
                }
            }
        });
        Ok(Self { handle, session_present, messages, subscribed, acknowledged, reading, task })
    }

    pub(crate) async fn subscribe(&mut self, filter: &str, qos: u8) {
        match &self.handle {
            Handle::V4(client) => client.subscribe(filter, rumqttc::qos(qos).unwrap()).await.unwrap(),
            Handle::V5(client) => client.subscribe(filter, v5_qos(qos)).await.unwrap(),
        }
        tokio::time::timeout(HUNG, self.subscribed.recv()).await.unwrap().expect("no SUBACK");
    }

    /// Publishes and waits for the broker's acknowledgement, if the QoS has one.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str, qos: u8, retained: bool) {
        self.send(topic, payload, qos, retained).await;
        if qos > 0 {
            assert_eq!(self.acknowledgement().await, None, "{topic} refused");
        }
    }

    /// Publishes and waits for nothing.
    pub(crate) async fn send(&self, topic: &str, payload: impl Into<Vec<u8>>, qos: u8, retained: bool) {
        match &self.handle {
            Handle::V4(client) => {
                client.publish(topic, rumqttc::qos(qos).unwrap(), retained, payload).await.unwrap();
            }
            Handle::V5(client) => {
                client.publish(topic, v5_qos(qos), retained, payload.into()).await.unwrap();
            }
        }
    }

    /// The next acknowledgement of a message, with the reason if it was refused.
    pub(crate) async fn acknowledgement(&mut self) -> Option<String> {
        match tokio::time::timeout(HUNG, self.acknowledged.recv()).await.unwrap() {
            Some(acknowledged) => acknowledged,
            None => panic!("connection lost: {}", self.ended().await),
        }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Message {
        let message = tokio::time::timeout(HUNG, self.messages.recv()).await;
        message.expect("no message came").expect("connection lost")
    }

    pub(crate) async fn next_text(&mut self) -> String {
        self.next().await.text().to_owned()
    }

    /// Stops or goes on reading the socket.
    pub(crate) fn read(&self, on: bool) {
        self.reading.send_replace(on);
    }

    /// Drops the socket without a word, as a killed process does. Returns what came and was not looked at.
    pub(crate) async fn kill(mut self) -> Vec<Message> {
        self.task.abort();
        let _ = self.task.await;
        let mut left = Vec::new();
        while let Ok(message) = self.messages.try_recv() {
            left.push(message);
        }
        left
    }

    /// Says goodbye.
    pub(crate) async fn disconnect(self) {
        match &self.handle {
            Handle::V4(client) => client.disconnect().await.unwrap(),
            Handle::V5(client) => client.disconnect().await.unwrap(),
        }
        tokio::time::timeout(HUNG, self.task).await.expect("no goodbye").unwrap();
    }

    /// Waits until the broker ends the connection, and returns how.
    pub(crate) async fn ended(&mut self) -> String {
        tokio::time::timeout(HUNG, &mut self.task).await.expect("still connected").unwrap()
    }
}

enum Events {
    V4(Box<rumqttc::EventLoop>),
    V5(Box<v5::EventLoop>),
}

fn open(address: SocketAddr, options: Options) -> (Handle, Events) {
    let (host, port) = (address.ip().to_string(), address.port());
    // Room for whatever a test sends before it reads an acknowledgement.
    let room = 20_000;
    match options.version {
        Version::V311 => {
            let mut mqtt = rumqttc::MqttOptions::new("unset", host, port);
            mqtt.set_client_id(options.id).set_clean_session(!options.persistent);
            mqtt.set_max_packet_size(PACKET, PACKET).set_manual_acks(options.careful);
            if let Some(will) = options.will {
                let qos = rumqttc::QoS::AtLeastOnce;
                mqtt.set_last_will(rumqttc::LastWill::new(will.topic, will.payload, qos, will.retained));
            }
            if let Some((user, password)) = options.login {
                mqtt.set_credentials(user, password);
            }
            let (client, events) = rumqttc::AsyncClient::new(mqtt, room);
            (Handle::V4(client), Events::V4(Box::new(events)))
        }
        Version::V5 => {
            let mut mqtt = v5::MqttOptions::new(options.id, host, port);
            mqtt.set_clean_start(!options.persistent);
            mqtt.set_session_expiry_interval(options.persistent.then_some(3600));
            mqtt.set_max_packet_size(u32::try_from(PACKET).ok()).set_manual_acks(options.careful);
            if let Some(will) = options.will {
                let qos = v5_qos(1);
                let properties = v5::mqttbytes::v5::LastWillProperties {
                    delay_interval: Some(will.delay),
                    payload_format_indicator: None,
                    message_expiry_interval: None,
                    content_type: None,
                    response_topic: None,
                    correlation_data: None,
                    user_properties: Vec::new(),
                };
                let properties = (will.delay > 0).then_some(properties);
                let will = v5::mqttbytes::v5::LastWill::new(
                    will.topic,
                    will.payload,
                    qos,
                    will.retained,
                    properties,
                );
                mqtt.set_last_will(will);
            }
            if let Some((user, password)) = options.login {
                mqtt.set_credentials(user, password);
            }
            let (client, events) = v5::AsyncClient::new(mqtt, room);
            (Handle::V5(client), Events::V5(Box::new(events)))
        }
    }
}

fn v5_qos(qos: u8) -> v5::mqttbytes::QoS {
    v5::mqttbytes::qos(qos).unwrap()
}

async fn next(events: &mut Events) -> Result<Seen, String> {
    match events {
        Events::V4(events) => Ok(match events.poll().await.map_err(|error| error.to_string())? {
            rumqttc::Event::Incoming(packet) => match packet {
                rumqttc::Packet::ConnAck(ack) => Seen::Connected { session_present: ack.session_present },
                rumqttc::Packet::SubAck(_) => Seen::Subscribed,
                rumqttc::Packet::PubAck(_) | rumqttc::Packet::PubComp(_) => Seen::Acknowledged(None),
                rumqttc::Packet::Publish(publish) => {
                    let message = Message {
                        topic: publish.topic.clone(),
                        payload: publish.payload.to_vec(),
                        qos: publish.qos as u8,
                        retained: publish.retain,
                    };
                    Seen::Message(message, Box::new(Publish::V4(publish)))
                }
                _ => Seen::Other,
            },
            rumqttc::Event::Outgoing(rumqttc::Outgoing::Disconnect) => Seen::Goodbye,
            rumqttc::Event::Outgoing(_) => Seen::Other,
        }),
        Events::V5(events) => Ok(match events.poll().await.map_err(|error| error.to_string())? {
            v5::Event::Incoming(packet) => v5_seen(packet),
            v5::Event::Outgoing(rumqttc::Outgoing::Disconnect) => Seen::Goodbye,
            v5::Event::Outgoing(_) => Seen::Other,
        }),
    }
}

fn v5_seen(packet: v5::mqttbytes::v5::Packet) -> Seen {
    use v5::mqttbytes::v5::{Packet, PubAckReason};
    match packet {
        Packet::ConnAck(ack) => Seen::Connected { session_present: ack.session_present },
        Packet::SubAck(_) => Seen::Subscribed,
        Packet::PubAck(ack) => Seen::Acknowledged(match ack.reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => None,
            refusal => Some(format!("{refusal:?}")),
        }),
        Packet::PubComp(_) => Seen::Acknowledged(None),
        Packet::Publish(publish) => {
            let message = Message {
                topic: String::from_utf8(publish.topic.to_vec()).unwrap(),
                payload: publish.payload.to_vec(),
                qos: publish.qos as u8,
                retained: publish.retain,
            };
            Seen::Message(message, Box::new(Publish::V5(publish)))
        }
        _ => Seen::Other,
    }
}

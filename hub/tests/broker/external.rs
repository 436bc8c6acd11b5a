//! The hub as a client of a real mosquitto.

use crate::client::{Client, HUNG, Options, Version};
use crate::mosquitto::{Mosquitto, free_address, run};
use bytes::Bytes;
use hub::mqtt::{Broker, Credentials, Incoming, Outgoing, Settings, external, start};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;

struct Hub {
    broker: Broker,
    incoming: mpsc::Receiver<Incoming>,
}

impl Hub {
    async fn start(settings: external::Settings, room: usize) -> Self {
        let (sender, incoming) = mpsc::channel(room);
        let broker = start(Settings::External(settings), sender).await.unwrap();
        Self { broker, incoming }
    }

    async fn connected_to(address: SocketAddr, room: usize) -> Self {
        let hub = Self::start(settings(address), room).await;
        hub.wait_until(true).await;
        hub
    }

    async fn wait_until(&self, connected: bool) {
        let changed = async {
            while self.broker.connected() != connected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(HUNG, changed).await.unwrap_or_else(|_| panic!("never connected={connected}"));
    }

    async fn next(&mut self) -> Incoming {
        tokio::time::timeout(HUNG, self.incoming.recv()).await.expect("nothing came").expect("client gone")
    }

    /// Skips messages until the subscription surely stands: the hub connects before it subscribes.
    async fn hears(&mut self, agent: &mut Client) {
        let mut last = String::new();
        for number in 0.. {
            last = format!("probe {number}");
            agent.publish("edgewise/roof/birth", &last, 1, false).await;
            if let Ok(first) = tokio::time::timeout(Duration::from_millis(200), self.incoming.recv()).await {
                if first.expect("client gone").payload == last {
                    return;
                }
                break;
            }
        }
        // One that came late shows that those after it are still to come.
        while self.next().await.payload != last {}
    }
}

fn settings(address: SocketAddr) -> external::Settings {
    external::Settings::new(format!("mqtt://{address}").parse().unwrap())
}

fn command(payload: &'static str) -> Outgoing {
    Outgoing {
        topic: "edgewise/roof/command".to_owned(),
        payload: Bytes::from_static(payload.as_bytes()),
        qos: 1,
        retained: false,
    }
}

async fn agent(address: SocketAddr) -> Client {
    Client::connect(address, Options::new(Version::V311, "edgewise-roof")).await.unwrap()
}

fn message(topic: &str, payload: &str, retained: bool) -> Incoming {
    Incoming { topic: topic.to_owned(), payload: Bytes::copy_from_slice(payload.as_bytes()), retained }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_and_go() {
    let mosquitto = Mosquitto::start().await;
    let mut roof = agent(mosquitto.address()).await;
    roof.subscribe("edgewise/roof/command", 1).await;
    roof.publish("edgewise/roof/status", "online", 1, true).await;
    let mut hub = Hub::connected_to(mosquitto.address(), 100).await;
    assert_eq!(hub.next().await, message("edgewise/roof/status", "online", true));
    roof.publish("edgewise/roof/ack", "not for the hub", 1, false).await;
    roof.publish("edgewise/roof/state", "1", 0, true).await;
    roof.publish("edgewise/roof/summary", "2", 1, false).await;
    assert_eq!(hub.next().await, message("edgewise/roof/state", "1", false));
    assert_eq!(hub.next().await, message("edgewise/roof/summary", "2", false));
    hub.broker.publish(command("reboot")).await.unwrap();
    assert_eq!(roof.next_text().await, "reboot");
    // What the hub says where agents speak does not come back to it.
    let own = Outgoing { topic: "edgewise/roof/state".to_owned(), ..command("3") };
    hub.broker.publish(own).await.unwrap();
    roof.publish("edgewise/roof/result", "4", 1, false).await;
    assert_eq!(hub.next().await, message("edgewise/roof/result", "4", false));
    hub.broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_broker_is_found_and_subscribed_again() {
    let mut mosquitto = Mosquitto::start().await;
    let mut hub = Hub::connected_to(mosquitto.address(), 100).await;
    for round in ["one", "two"] {
        mosquitto.stop().await;
        hub.wait_until(false).await;
        hub.broker.publish(command(round)).await.unwrap();
        mosquitto.start_again().await;
        // Mosquitto has forgotten everything; the agent is back before the hub.
        let mut roof = agent(mosquitto.address()).await;
        roof.subscribe("edgewise/roof/command", 1).await;
        hub.wait_until(true).await;
        // What was published meanwhile; an earlier message may come again before it.
        while roof.next_text().await != round {}
        hub.hears(&mut roof).await;
        roof.publish("edgewise/roof/summary", round, 1, false).await;
        assert_eq!(hub.next().await, message("edgewise/roof/summary", round, false));
        hub.broker.publish(command("now")).await.unwrap();
        assert_eq!(roof.next_text().await, "now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_took_and_never_acknowledged_is_sent_again() {
    const COUNT: usize = 10;
    let mut mosquitto = Mosquitto::start().await;
    let hub = Hub::connected_to(mosquitto.address(), 100).await;
    mosquitto.freeze().await;
    for n in 0..COUNT {
        let message = Outgoing { topic: format!("t/kept/{n}"), retained: true, ..command("kept") };
        hub.broker.publish(message).await.unwrap();
    }
    // So that they are sent: into the socket of a broker that will never read them.
    tokio::time::sleep(Duration::from_millis(300)).await;
    mosquitto.stop().await;
    mosquitto.start_again().await;
    let mut reader = agent(mosquitto.address()).await;
    reader.subscribe("t/kept/+", 1).await;
    for _ in 0..COUNT {
        assert_eq!(reader.next_text().await, "kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_waited_for() {
    let mut mosquitto = Mosquitto::start().await;
    mosquitto.stop().await;
    let hub = Hub::start(settings(mosquitto.address()), 10).await;
    assert!(!hub.broker.connected());
    mosquitto.start_again().await;
    hub.wait_until(true).await;
    hub.broker.shutdown().await;
    // Nobody there at all does not hold the end up either.
    Hub::start(settings(free_address()), 10).await.broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_hub_loses_nothing_and_stays_connected() {
    const COUNT: usize = 15_000;
    // So it sends all of them, whatever receive maximum the hub has told it.
    let mosquitto = Mosquitto::start_with("max_inflight_messages 0").await;
    let mut hub = Hub::connected_to(mosquitto.address(), 1).await;
    let mut roof = agent(mosquitto.address()).await;
    hub.hears(&mut roof).await;
    for n in 0..COUNT {
        roof.send("edgewise/roof/summary", n.to_string(), 1, false).await;
    }
    for _ in 0..COUNT {
        roof.acknowledgement().await;
    }
    assert!(hub.broker.connected());
    for n in 0..COUNT {
        assert_eq!(hub.next().await, message("edgewise/roof/summary", &n.to_string(), false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_hub_is_away_is_there_when_it_returns() {
    let mosquitto = Mosquitto::start().await;
    let mut hub = Hub::connected_to(mosquitto.address(), 100).await;
    let mut roof = agent(mosquitto.address()).await;
    hub.hears(&mut roof).await;
    hub.broker.shutdown().await;
    roof.publish("edgewise/roof/summary", "meanwhile", 1, false).await;
    let mut hub = Hub::connected_to(mosquitto.address(), 100).await;
    assert_eq!(hub.next().await, message("edgewise/roof/summary", "meanwhile", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_from_somebody_do_not_disturb_the_hub() {
    let mosquitto = Mosquitto::start().await;
    let mut hub = Hub::connected_to(mosquitto.address(), 100).await;
    let mut roof = agent(mosquitto.address()).await;
    hub.hears(&mut roof).await;
    roof.publish("edgewise/roof/state", &"x".repeat(10 * 1024 * 1024), 1, true).await;
    roof.publish("edgewise/roof/backlog", &"x".repeat(1_000_000), 1, false).await;
    assert_eq!(hub.next().await.payload.len(), 1_000_000);
    assert!(hub.broker.connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_logs_in() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("passwords");
    run("mosquitto_passwd", &format!("-b -c {} hub s3cret", file.display()), "").await;
    let config = format!("allow_anonymous false\npassword_file {}", file.display());
    let mosquitto = Mosquitto::start_with(&config).await;
    let login = |password| external::Settings {
        credentials: Some(Credentials::new("hub", password)),
        ..settings(mosquitto.address())
    };
    let right = Hub::start(login("s3cret"), 10).await;
    right.wait_until(true).await;
    right.broker.shutdown().await;
    let wrong = Hub::start(login("wrong"), 10).await;
    // Once the broker has refused it, it is still not connected.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!wrong.broker.connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_hub_trusts_the_given_ca_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    };
    write("broker");
    write("other");
    let config =
        format!("certfile {}\nkeyfile {}", path("broker.pem").display(), path("broker.key").display());
    let mosquitto = Mosquitto::start_with(&config).await;
    let trusting = |name: &str| external::Settings {
        ca_file: Some(path(name)),
        ..external::Settings::new(format!("mqtts://{}", mosquitto.address()).parse().unwrap())
    };
    let mut hub = Hub::start(trusting("broker.pem"), 10).await;
    hub.wait_until(true).await;
    let wrong = Hub::start(trusting("other.pem"), 10).await;
    // The hub that is connected hears the message, so a handshake has had its time.
    let ca = path("broker.pem");
    let publish = format!(
        "-h 127.0.0.1 -p {} --cafile {} -t edgewise/roof/birth -m hello -q 1 -r",
        mosquitto.address().port(),
        ca.display()
    );
    run("mosquitto_pub", &publish, "").await;
    assert_eq!(hub.next().await.payload, "hello");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!wrong.broker.connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_refuses_is_counted_and_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let acl = directory.path().join("acl");
    std::fs::write(&acl, "topic read edgewise/#\ntopic write edgewise/+/command\n").unwrap();
    let config = format!("acl_file {}\nmax_packet_size 2000", acl.display());
    let mosquitto = Mosquitto::start_with(&config).await;
    let hub = Hub::connected_to(mosquitto.address(), 10).await;
    let mut roof = agent(mosquitto.address()).await;
    roof.subscribe("edgewise/roof/+", 1).await;
    let forbidden = Outgoing { topic: "edgewise/roof/ack".to_owned(), ..command("forbidden") };
    let too_long = Outgoing { payload: Bytes::from(vec![b'x'; 2000]), ..command("") };
    for message in [forbidden, too_long.clone(), Outgoing { qos: 0, ..too_long }, command("allowed")] {
        hub.broker.publish(message).await.unwrap();
    }
    assert_eq!(roof.next_text().await, "allowed");
    let counted = async {
        while hub.broker.counters().dropped_outgoing() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(HUNG, counted).await.expect("not counted");
    assert_eq!(hub.broker.counters().dropped_outgoing(), 3);
    assert!(hub.broker.connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_leaves_before_the_hub_does() {
    const COUNT: usize = 500;
    let mosquitto = Mosquitto::start().await;
    let hub = Hub::connected_to(mosquitto.address(), 10).await;
    let mut roof = agent(mosquitto.address()).await;
    roof.subscribe("edgewise/roof/command", 1).await;
    for _ in 0..COUNT {
        hub.broker.publish(command("one of many")).await.unwrap();
    }
    hub.broker.shutdown().await;
    for _ in 0..COUNT {
        assert_eq!(roof.next_text().await, "one of many");
    }
}

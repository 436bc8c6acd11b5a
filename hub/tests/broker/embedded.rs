//! What only the embedded broker does: who may do what, and how messages come to the hub and leave it.

use crate::bench::{Hub, settings};
use crate::client::{Client, HUNG, Message, Options, Version};
use bytes::Bytes;
use hub::mqtt::{Credentials, Incoming, Outgoing, PublishError, Settings, start};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const BOTH: [Version; 2] = [Version::V311, Version::V5];

fn live(topic: &str, payload: &str) -> Incoming {
    Incoming { topic: topic.to_owned(), payload: Bytes::copy_from_slice(payload.as_bytes()), retained: false }
}

impl Hub {
    async fn next(&mut self) -> Incoming {
        tokio::time::timeout(HUNG, self.incoming.recv()).await.expect("nothing came").expect("broker gone")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_sees_exactly_the_allowed_messages() {
    let mut hub = Hub::start().await;
    for version in BOTH {
        let mut roof = hub.client(Options::new(version, "edgewise-roof")).await;
        roof.publish("edgewise/roof/birth", "1", 1, true).await;
        // Version 5 is told; version 3 has no words for it.
        for topic in
            ["edgewise/cellar/state", "edgewise/roof/ack", "edgewise/roof/command", "edgewise/roof/x"]
        {
            roof.send(topic, "forged", 1, true).await;
            let refusal = roof.acknowledgement().await;
            assert_eq!(refusal.as_deref(), (version == Version::V5).then_some("NotAuthorized"), "{topic}");
        }
        roof.publish("homeassistant/device/roof/config", "not ours", 1, true).await;
        roof.publish("edgewise/roof/state", "2", 0, true).await;
        roof.publish("edgewise/roof/result", "3", 2, false).await;
        assert_eq!(hub.next().await, live("edgewise/roof/birth", "1"));
        assert_eq!(hub.next().await, live("edgewise/roof/state", "2"));
        assert_eq!(hub.next().await, live("edgewise/roof/result", "3"));
        roof.disconnect().await;
    }
    assert_eq!(hub.broker.counters().refused(), 8);
    assert!(hub.incoming.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_reaches_no_subscriber_and_is_not_retained() {
    let hub = Hub::start().await;
    let mut reader = hub.client(Options::new(Version::V5, "reader")).await;
    reader.subscribe("edgewise/#", 1).await;
    let roof = hub.client(Options::new(Version::V311, "edgewise-roof")).await;
    roof.send("edgewise/cellar/state", "forged", 1, true).await;
    let mut tool = hub.client(Options::new(Version::V5, "tool")).await;
    tool.send("edgewise/roof/ack", "forged", 1, true).await;
    assert_eq!(tool.acknowledgement().await.as_deref(), Some("NotAuthorized"));
    tool.publish("edgewise/roof/command", "true", 1, false).await;
    assert_eq!(reader.next_text().await, "true");
    let mut late = hub.client(Options::new(Version::V5, "late")).await;
    late.subscribe("edgewise/#", 1).await;
    tool.publish("edgewise/roof/command", "true", 1, false).await;
    assert_eq!(late.next_text().await, "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_the_client_may_not_publish_is_refused_at_connect() {
    let hub = Hub::start().await;
    for version in BOTH {
        for topic in ["edgewise/cellar/status", "edgewise/roof/ack", "$SYS/x", "edgewise/+/status"] {
            let options = Options::new(version, "edgewise-roof").will(topic, "offline", true);
            let refusal = Client::connect(hub.address(), options).await.err();
            assert!(refusal.is_some_and(|error| error.contains("NotAuthorized")), "{version:?} {topic}");
        }
        let tool = Options::new(version, "tool").will("edgewise/roof/ack", "forged", true);
        assert!(Client::connect(hub.address(), tool).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_will_of_a_killed_agent_reaches_the_hub() {
    let mut hub = Hub::start().await;
    for version in BOTH {
        let options = Options::new(version, "edgewise-roof").will("edgewise/roof/status", "offline", true);
        hub.client(options.clone().persistent()).await.kill().await;
        assert_eq!(hub.next().await, live("edgewise/roof/status", "offline"));
        hub.client(options).await.disconnect().await;
    }
    hub.broker.shutdown().await;
    assert_eq!(hub.incoming.recv().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_takes_its_session_over_ends_up_online() {
    let mut hub = Hub::start().await;
    let options = Options::new(Version::V311, "edgewise-roof").will("edgewise/roof/status", "offline", true);
    for options in [options.clone(), options.persistent()] {
        let mut current = hub.client(options.clone()).await;
        for _ in 0..20 {
            let mut next = hub.client(options.clone()).await;
            current.ended().await;
            next.publish("edgewise/roof/status", "online", 1, true).await;
            let mut last = hub.next().await;
            if last.payload == "offline" {
                last = hub.next().await;
            }
            assert_eq!(last, live("edgewise/roof/status", "online"));
            current = next;
        }
        current.disconnect().await;
    }
    assert!(hub.incoming.try_recv().is_err(), "an 'offline' came after the last 'online'");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_waits_until_the_hub_has_the_old_connections_will() {
    let mut hub = Hub::start_with(settings(0), 1).await;
    let mut filler = hub.client(Options::new(Version::V5, "edgewise-cellar")).await;
    let options = Options::new(Version::V311, "edgewise-roof").will("edgewise/roof/status", "offline", true);
    let mut first = hub.client(options.clone()).await;
    filler.publish("edgewise/cellar/summary", "the channel is full", 1, false).await;
    let second = tokio::spawn(Client::connect(hub.address(), options));
    first.ended().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!second.is_finished(), "connected while the old will was still on its way");
    assert_eq!(hub.next().await, live("edgewise/cellar/summary", "the channel is full"));
    assert_eq!(hub.next().await, live("edgewise/roof/status", "offline"));
    second.await.unwrap().unwrap().publish("edgewise/roof/status", "online", 1, true).await;
    assert_eq!(hub.next().await, live("edgewise/roof/status", "online"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_user_and_password_connect() {
    let settings = hub::mqtt::embedded::Settings {
        credentials: Some(Credentials::new("fleet", "s3cret")),
        ..settings(0)
    };
    let hub = Hub::start_with(settings, 10).await;
    for version in BOTH {
        let anonymous = Options::new(version, "someone");
        for login in [None, Some(("fleet", "wrong")), Some(("other", "s3cret")), Some(("fleet", ""))] {
            let options = match login {
                Some((user, password)) => anonymous.clone().login(user, password),
                None => anonymous.clone(),
            };
            let refusal = Client::connect(hub.address(), options).await.err();
            assert!(refusal.is_some_and(|error| error.contains("BadUserNamePassword")), "{login:?}");
        }
        let mut client = hub.client(anonymous.login("fleet", "s3cret")).await;
        client.publish("t/a", "x", 1, false).await;
    }
    assert_eq!(hub.broker.counters().refused(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_end_the_senders_connection_and_nobody_elses() {
    let mut hub = Hub::start().await;
    let mut bystander = hub.client(Options::new(Version::V5, "edgewise-cellar")).await;
    let mut glutton = hub.client(Options::new(Version::V311, "edgewise-roof")).await;
    glutton.send("edgewise/roof/summary", vec![b'x'; 10 * 1024 * 1024], 1, false).await;
    glutton.ended().await;
    bystander.publish("edgewise/cellar/summary", "still here", 1, false).await;
    assert_eq!(hub.next().await, live("edgewise/cellar/summary", "still here"));
    // What is below the limit passes.
    let mut roof = hub.client(Options::new(Version::V311, "edgewise-roof")).await;
    roof.publish("edgewise/roof/backlog", &"x".repeat(1_000_000), 1, false).await;
    assert_eq!(hub.next().await.payload.len(), 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_at_all_is_closed_after_ten_seconds() {
    let hub = Hub::start().await;
    let mut mute = TcpStream::connect(hub.address()).await.unwrap();
    let ended = tokio::time::timeout(HUNG, mute.read(&mut [0; 1])).await.expect("still connected");
    assert_eq!(ended.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_client_ids_harm_nobody() {
    let mut hub = Hub::start().await;
    for version in BOTH {
        for id in ["a/b", "/", "+", "#", "$SYS/#", "edgewise-+", "edgewise-a/b", "edgewise-", "\u{7f}\n"] {
            let mut client = hub.client(Options::new(version, id)).await;
            client.subscribe("t/#", 1).await;
            client.send("edgewise/a/state", "forged", 0, false).await;
            client.publish("t/a", "x", 1, false).await;
            assert_eq!(client.next_text().await, "x");
            client.disconnect().await;
        }
        let long = Options::new(version, &"x".repeat(300));
        assert!(Client::connect(hub.address(), long).await.is_err());
        // The broker gives a name to who has none.
        let mut nameless = hub.client(Options::new(version, "")).await;
        nameless.publish("edgewise/roof/birth", "still here", 1, false).await;
        nameless.disconnect().await;
    }
    // Those that are no agents may write for a device, as tools do; the agents-to-be may not.
    let mut forged = 0;
    let mut here = 0;
    while here < 2 {
        match hub.next().await.topic.as_str() {
            "edgewise/a/state" => forged += 1,
            _ => here += 1,
        }
    }
    assert_eq!(forged, 2 * 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hub_publishes_reaches_subscribers_and_is_kept() {
    let mut hub = Hub::start().await;
    let ack = |payload: &'static str, retained| Outgoing {
        topic: "edgewise/roof/ack".to_owned(),
        payload: Bytes::from_static(payload.as_bytes()),
        qos: 1,
        retained,
    };
    for version in BOTH {
        let mut roof = hub.client(Options::new(version, "edgewise-roof")).await;
        roof.subscribe("edgewise/roof/+", 1).await;
        hub.broker.publish(ack("7", false)).await.unwrap();
        let message = roof.next().await;
        let expected =
            Message { topic: "edgewise/roof/ack".into(), payload: b"7".into(), qos: 1, retained: false };
        assert_eq!(message, expected);
        roof.disconnect().await;
    }
    let state = Outgoing { topic: "edgewise/roof/state".to_owned(), qos: 0, ..ack("8", true) };
    hub.broker.publish(state).await.unwrap();
    for version in BOTH {
        let mut late = hub.client(Options::new(version, "late")).await;
        late.subscribe("edgewise/+/state", 1).await;
        let message = late.next().await;
        assert_eq!((message.text(), message.qos, message.retained), ("8", 0, true));
        late.disconnect().await;
    }
    assert!(hub.broker.connected());
    assert!(hub.incoming.try_recv().is_err(), "the hub heard itself");

    let large = Outgoing { payload: vec![0; 2 * 1024 * 1024].into(), ..ack("", false) };
    assert!(matches!(hub.broker.publish(large).await, Err(PublishError::TooLarge { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_hub_slows_publishers_down_and_loses_nothing() {
    const COUNT: usize = 500;
    let mut hub = Hub::start_with(settings(0), 4).await;
    let mut roof = hub.client(Options::new(Version::V311, "edgewise-roof")).await;
    for n in 0..COUNT {
        roof.send("edgewise/roof/summary", n.to_string(), 1, false).await;
    }
    for _ in 0..4 {
        roof.acknowledgement().await;
    }
    for n in 0..COUNT {
        assert_eq!(hub.next().await, live("edgewise/roof/summary", &n.to_string()));
        // At most what was read, what waits in the channel and the one at its door are acknowledged.
        let acknowledged = 4 + n.saturating_sub(4);
        if acknowledged < COUNT && n >= 4 {
            roof.acknowledgement().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_with_the_remedy() {
    let hub = Hub::start().await;
    let port = hub.address().port();
    let (sender, _receiver) = mpsc::channel(1);
    let error = start(Settings::Embedded(settings(port)), sender).await.err().unwrap().to_string();
    assert!(error.contains(&format!("127.0.0.1:{port}")) && error.contains("in use"), "{error}");
    assert!(error.contains("another MQTT listen address") && !error.contains('\n'), "{error}");
}

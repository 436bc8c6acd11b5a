//! What a broker must do, whichever it is.

use crate::bench::Bench;
use crate::client::{Client, HUNG, Options, Version};
use crate::mosquitto;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BOTH: [Version; 2] = [Version::V311, Version::V5];

pub(crate) async fn both_versions_talk_on_one_port(bench: Bench) {
    let mut old = bench.client(Options::new(Version::V311, "old")).await;
    let mut new = bench.client(Options::new(Version::V5, "new")).await;
    old.subscribe("t/#", 1).await;
    new.subscribe("t/#", 1).await;
    old.publish("t/a", "from the old", 1, false).await;
    assert_eq!(
        (old.next_text().await, new.next_text().await),
        ("from the old".into(), "from the old".into())
    );
    new.publish("t/a", "from the new", 1, false).await;
    assert_eq!(
        (old.next_text().await, new.next_text().await),
        ("from the new".into(), "from the new".into())
    );
}

pub(crate) async fn every_quality_of_service_arrives(bench: Bench) {
    for version in BOTH {
        let mut reader = bench.client(Options::new(version, "reader")).await;
        let mut writer = bench.client(Options::new(version, "writer")).await;
        for granted in 0..=2 {
            let filter = format!("t/{granted}/+");
            reader.subscribe(&filter, granted).await;
            for sent in 0..=2 {
                let topic = format!("t/{granted}/{sent}");
                writer.publish(&topic, "x", sent, false).await;
                let message = reader.next().await;
                assert_eq!((message.topic, message.qos), (topic, sent.min(granted)), "{version:?}");
            }
        }
    }
}

/// MQTT 3.1.1 only: mosquitto 2.0.11 itself fails this under MQTT 5, where it sends a returning reader more
/// than the reader's receive maximum.
pub(crate) async fn a_burst_at_qos_2_arrives_exactly_once(bench: Bench) {
    const COUNT: usize = 1000;
    let lines: String = (0..COUNT).map(|n| format!("{n}\n")).collect();
    let common = format!("-h 127.0.0.1 -p {} -V mqttv311 -t t/burst -q 2", bench.address().port());
    let reader = format!("{common} -c -i reader");
    // A session that subscribes and goes away, so that the reader misses nothing.
    mosquitto::run("mosquitto_sub", &format!("{reader} -E"), "").await;
    mosquitto::run("mosquitto_pub", &format!("{common} -l"), &lines).await;
    mosquitto::run("mosquitto_pub", &format!("{common} -m end"), "").await;
    let arrived = mosquitto::run("mosquitto_sub", &format!("{reader} -C {}", COUNT + 1), "").await;
    assert_eq!(arrived, format!("{lines}end\n"));
}

pub(crate) async fn retained_messages_on_a_wildcard_over_500_topics(bench: Bench) {
    const COUNT: usize = 600;
    let mut writer = bench.client(Options::new(Version::V311, "writer")).await;
    for n in 0..COUNT {
        writer.publish(&format!("t/{n}/status"), "online", 1, true).await;
    }
    for version in BOTH {
        let mut reader = bench.client(Options::new(version, "reader")).await;
        reader.subscribe("t/+/status", 1).await;
        let mut topics = BTreeSet::new();
        for _ in 0..COUNT {
            let message = reader.next().await;
            assert!(message.retained && message.text() == "online", "{message:?}");
            topics.insert(message.topic);
        }
        assert_eq!(topics.len(), COUNT, "{version:?}");
        reader.disconnect().await;
    }
}

pub(crate) async fn a_retained_message_is_replaced_and_cleared(bench: Bench) {
    for version in BOTH {
        let mut writer = bench.client(Options::new(version, "writer")).await;
        for (topic, payload) in [("t/kept", "1"), ("t/kept", "2"), ("t/gone", "1"), ("t/gone", "")] {
            writer.publish(topic, payload, 1, true).await;
        }
        let mut reader = bench.client(Options::new(version, "reader")).await;
        reader.subscribe("t/+", 1).await;
        let kept = reader.next().await;
        assert_eq!((kept.topic.as_str(), kept.text(), kept.retained), ("t/kept", "2", true));
        writer.publish("t/now", "live", 1, true).await;
        let live = reader.next().await;
        assert_eq!((live.topic.as_str(), live.retained), ("t/now", false), "{version:?}");
        writer.publish("t/now", "", 1, true).await;
    }
}

pub(crate) async fn the_will_of_a_dropped_socket_arrives(bench: Bench) {
    for version in BOTH {
        let mut reader = bench.client(Options::new(Version::V5, "reader")).await;
        reader.subscribe("t/status", 1).await;
        let device = Options::new(version, "device").persistent().will("t/status", "offline", true);
        bench.client(device).await.kill().await;
        assert_eq!(reader.next_text().await, "offline");
        let mut late = bench.client(Options::new(Version::V5, "late")).await;
        late.subscribe("t/status", 1).await;
        assert!(late.next().await.retained, "{version:?}");
    }
}

pub(crate) async fn a_goodbye_keeps_the_will_back(bench: Bench) {
    for version in BOTH {
        let mut reader = bench.client(Options::new(Version::V5, "reader")).await;
        reader.subscribe("t/status", 1).await;
        let polite = Options::new(version, "polite").will("t/status", "offline", false);
        bench.client(polite).await.disconnect().await;
        // A will that came after all would come before this one.
        let killed = Options::new(version, "killed").will("t/status", "the second", false);
        bench.client(killed).await.kill().await;
        assert_eq!(reader.next_text().await, "the second", "{version:?}");
    }
}

pub(crate) async fn a_will_that_is_held_back_is_not_sent_of_who_returns(bench: Bench) {
    let mut reader = bench.client(Options::new(Version::V5, "reader")).await;
    reader.subscribe("t/status", 1).await;
    let device = Options::new(Version::V5, "device").persistent().will("t/status", "offline", false);
    let device = device.will_delay(2);
    bench.client(device.clone()).await.kill().await;
    let returned = bench.client(device).await;
    assert!(returned.session_present);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut writer = bench.client(Options::new(Version::V5, "writer")).await;
    writer.publish("t/status", "nothing before this", 1, false).await;
    assert_eq!(reader.next_text().await, "nothing before this");
    returned.kill().await;
    assert_eq!(reader.next_text().await, "offline");
}

pub(crate) async fn what_has_expired_is_not_delivered(bench: Bench) {
    let options = Options::new(Version::V5, "reader").persistent();
    let mut reader = bench.client(options.clone()).await;
    reader.subscribe("t/news", 1).await;
    reader.kill().await;
    let port = bench.address().port();
    let publish = format!("-h 127.0.0.1 -p {port} -V 5 -q 1 -t t/news");
    let expiring = format!("{publish} -D publish message-expiry-interval 1 -m old");
    mosquitto::run("mosquitto_pub", &expiring, "").await;
    mosquitto::run("mosquitto_pub", &format!("{publish} -m new"), "").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut reader = bench.client(options).await;
    assert_eq!(reader.next_text().await, "new");
}

pub(crate) async fn who_is_silent_for_too_long_is_gone(bench: Bench) {
    let mut reader = bench.client(Options::new(Version::V5, "reader")).await;
    reader.subscribe("t/status", 1).await;
    let mut socket = TcpStream::connect(bench.address()).await.unwrap();
    // CONNECT of MQTT 3.1.1 with a new session, a will, one second of patience and the client id "mute".
    let connect = b"\x10\x1d\0\x04MQTT\x04\x06\0\x01\0\x04mute\0\x08t/status\0\x01x";
    socket.write_all(connect).await.unwrap();
    let mut heard = Vec::new();
    tokio::time::timeout(HUNG, socket.read_to_end(&mut heard)).await.expect("still connected").unwrap();
    assert_eq!(heard, b"\x20\x02\0\0", "it was let in");
    assert_eq!(reader.next_text().await, "x");
}

pub(crate) async fn nonsense_ends_the_connection_it_came_on(bench: Bench) {
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x10\xff\xff\xff\xff\xff", b"\0\0\0\0\0\0\0\0"] {
        let mut socket = TcpStream::connect(bench.address()).await.unwrap();
        socket.write_all(nonsense).await.unwrap();
        let mut heard = Vec::new();
        let ended = tokio::time::timeout(HUNG, socket.read_to_end(&mut heard)).await;
        // It may be reset with something unread.
        assert!(ended.is_ok() && heard.len() < 10, "{heard:?}");
    }
    let mut client = bench.client(Options::new(Version::V5, "sober")).await;
    client.subscribe("t/#", 1).await;
    client.publish("t/a", "still here", 1, false).await;
    assert_eq!(client.next_text().await, "still here");
}

pub(crate) async fn a_session_resumes(bench: Bench) {
    const COUNT: usize = 300;
    for version in BOTH {
        let options = Options::new(version, "reader").persistent();
        let mut reader = bench.client(options.clone()).await;
        assert!(!reader.session_present);
        reader.subscribe("t/kept", 1).await;
        reader.kill().await;

        let mut writer = bench.client(Options::new(version, "writer")).await;
        for n in 0..COUNT {
            writer.publish("t/kept", &n.to_string(), 1, false).await;
        }
        let mut reader = bench.client(options).await;
        assert!(reader.session_present, "{version:?}");
        expect_numbers(&mut reader, COUNT).await;
        reader.disconnect().await;
        // The next version starts anew.
        bench.client(Options::new(version, "reader")).await.disconnect().await;
    }
}

pub(crate) async fn a_slow_reader_loses_nothing_acknowledged(bench: Bench) {
    const COUNT: usize = 6000;
    for version in BOTH {
        let mut reader = bench.client(Options::new(version, "reader")).await;
        reader.subscribe("t/flood", 1).await;
        reader.read(false);
        let mut writer = bench.client(Options::new(version, "writer")).await;
        for n in 0..COUNT {
            writer.send("t/flood", n.to_string(), 1, false).await;
        }
        for _ in 0..COUNT {
            assert_eq!(writer.acknowledgement().await, None);
        }
        reader.read(true);
        expect_numbers(&mut reader, COUNT).await;
    }
}

pub(crate) async fn a_reader_that_dies_again_and_again_loses_nothing(bench: Bench) {
    const COUNT: usize = 3000;
    for version in BOTH {
        let options = Options::new(version, "reader").persistent().careful();
        let mut reader = bench.client(options.clone()).await;
        reader.subscribe("t/flood", 1).await;
        let mut writer = bench.client(Options::new(version, "writer")).await;
        let writing = tokio::spawn(async move {
            for n in 0..COUNT {
                writer.publish("t/flood", &n.to_string(), 1, false).await;
            }
            writer
        });
        let mut seen = BTreeSet::new();
        while seen.len() < COUNT {
            for _ in 0..100.min(COUNT - seen.len()) {
                seen.insert(reader.next_text().await);
            }
            seen.extend(reader.kill().await.iter().map(|message| message.text().to_owned()));
            reader = bench.client(options.clone()).await;
        }
        writing.await.unwrap().disconnect().await;
        reader.disconnect().await;
        bench.client(Options::new(version, "reader")).await.disconnect().await;
    }
}

pub(crate) async fn a_shared_subscription_delivers_each_message_once(bench: Bench) {
    const COUNT: usize = 100;
    let mut members = Vec::new();
    for id in ["one", "two"] {
        let mut member = bench.client(Options::new(Version::V5, id)).await;
        member.subscribe("$share/group/t/work", 1).await;
        members.push(member);
    }
    let mut writer = bench.client(Options::new(Version::V5, "writer")).await;
    for n in 0..COUNT {
        writer.publish("t/work", &n.to_string(), 1, false).await;
    }
    let [one, two] = &mut members[..] else { unreachable!("two joined") };
    let (mut seen, mut by_one) = (BTreeSet::new(), 0);
    for _ in 0..COUNT {
        let text = tokio::select! {
            text = one.next_text() => { by_one += 1; text }
            text = two.next_text() => text,
        };
        assert!(seen.insert(text.clone()), "{text} came twice");
    }
    assert!((1..COUNT).contains(&by_one), "one member got {by_one} of {COUNT}");
}

pub(crate) async fn a_takeover_ends_the_earlier_connection(bench: Bench) {
    for version in BOTH {
        let mut reader = bench.client(Options::new(Version::V5, "reader")).await;
        reader.subscribe("t/status", 1).await;
        let options = Options::new(version, "device").will("t/status", "offline", false);
        let mut first = bench.client(options.clone()).await;
        let mut second = bench.client(options).await;
        first.ended().await;
        // The last word is the new connection's.
        second.publish("t/status", "online", 1, false).await;
        assert_eq!(reader.next_text().await, "offline", "{version:?}");
        assert_eq!(reader.next_text().await, "online", "{version:?}");
        second.disconnect().await;
    }
}

pub(crate) async fn a_session_that_ends_with_its_connection_is_not_handed_on(bench: Bench) {
    for version in BOTH {
        let mut first = bench.client(Options::new(version, "reader")).await;
        first.subscribe("t/first", 1).await;
        let mut second = bench.client(Options::new(version, "reader").persistent()).await;
        assert!(!second.session_present, "{version:?}");
        second.subscribe("t/second", 1).await;
        second.publish("t/first", "unasked for", 1, false).await;
        second.publish("t/second", "x", 1, false).await;
        assert_eq!(second.next_text().await, "x", "{version:?}");
        // Taken over with a session that begins anew, nothing is left for the next version.
        let mut third = bench.client(Options::new(version, "reader")).await;
        second.ended().await;
        third.publish("t/second", "x", 1, false).await;
        third.disconnect().await;
    }
}

pub(crate) async fn a_restart_takes_the_same_port(bench: Bench) {
    let address = bench.address();
    let mut connected = bench.client(Options::new(Version::V311, "connected").persistent()).await;
    let bench = bench.restart().await;
    connected.ended().await;
    assert_eq!(bench.address(), address);
    for version in BOTH {
        let mut client = bench.client(Options::new(version, "again")).await;
        client.subscribe("t/#", 1).await;
        client.publish("t/a", "still here", 1, false).await;
        assert_eq!(client.next_text().await, "still here");
    }
}

pub(crate) async fn an_idle_connection_blocks_nobody(bench: Bench) {
    let idle = TcpStream::connect(bench.address()).await.unwrap();
    for version in BOTH {
        let mut client = bench.client(Options::new(version, "busy")).await;
        client.subscribe("t/#", 1).await;
        client.publish("t/a", "through", 1, false).await;
        assert_eq!(client.next_text().await, "through");
    }
    drop(idle);
}

/// Expects the texts 0, 1, 2 and so on, in order.
async fn expect_numbers(reader: &mut Client, count: usize) {
    for n in 0..count {
        assert_eq!(reader.next_text().await, n.to_string());
    }
}

use super::*;
use crate::ingest::decode::{Decoded, Decoder};
use crate::labels::Labels;
use crate::mqtt::Incoming;
use crate::view::{self, DeviceList, DeviceStatus, DeviceView};
use protocol::Prefix;

fn message(topic: &str, payload: String, retained: bool) -> Message {
    let incoming = Incoming { topic: topic.to_owned(), payload: payload.into(), retained };
    match Decoder::new(Prefix::default()).decode(&incoming) {
        Decoded::Message(message, _) => message,
        other => panic!("{other:?}"),
    }
}

fn status(word: &str, retained: bool) -> Message {
    message("edgewise/roof/status", word.to_owned(), retained)
}

fn state_at(monotonic_ms: u64, clock: &str, retained: bool) -> Message {
    let text = format!(
        r#"{{"version":1,"boot":"b","monotonic_ms":{monotonic_ms},"time_ms":500,"clock":"{clock}","now":{{"a":1}},"mean":{{"a":1.5}},"faults":{{"bme":"stuck"}}}}"#
    );
    message("edgewise/roof/state", text, retained)
}

fn birth() -> Message {
    let text = r#"{"version":1,"boot":"b","monotonic_ms":1,"time_ms":400,"clock":"synchronized","machine_boot":"m","agent_version":"0.1.0","hostname":"roof","os":"Debian","arch":"aarch64","interval_ms":5000,"window_ms":60000,"metrics":[]}"#;
    message("edgewise/roof/birth", text.to_owned(), false)
}

fn roof(state: &State) -> Device {
    state.get(&"roof".parse().unwrap()).unwrap()
}

#[test]
fn what_the_broker_kept_says_nothing_about_now() {
    let state = State::default();
    assert_eq!(state.apply(&status("online", true), 9_000), Ok(Change::Device));
    assert_eq!(roof(&state).last_heard_ms, None);
    assert_eq!(state.apply(&state_at(10, "unsynchronized", true), 9_000), Ok(Change::State(None)));
    assert_eq!((roof(&state).last_heard_ms, roof(&state).state_received_ms), (None, None));
    assert_eq!(state.apply(&state_at(20, "synchronized", true), 9_000), Ok(Change::State(Some(500))));
    assert_eq!((roof(&state).last_heard_ms, roof(&state).state_received_ms), (Some(500), Some(500)));
    assert_eq!(state.apply(&state_at(30, "synchronized", false), 9_000), Ok(Change::State(Some(9_000))));
    assert_eq!(roof(&state).last_heard_ms, Some(9_000));
}

#[test]
fn an_old_copy_of_the_broker_replaces_nothing_newer() {
    let state = State::default();
    state.apply(&state_at(20, "synchronized", false), 1_000).unwrap();
    let before = roof(&state);
    assert_eq!(state.apply(&state_at(10, "synchronized", true), 9_000), Ok(Change::None));
    assert_eq!(
        state.apply(&state_at(20, "synchronized", false), 9_000),
        Ok(Change::None),
        "the hub's own, again"
    );
    assert_eq!(roof(&state), before);
}

#[test]
fn offline_is_news_but_not_the_device_speaking() {
    let state = State::default();
    state.apply(&status("online", false), 1_000).unwrap();
    assert_eq!(state.apply(&status("online", false), 1_500), Ok(Change::None));
    assert_eq!(roof(&state).status_since_ms, Some(1_000));
    assert_eq!(state.apply(&status("offline", false), 2_000), Ok(Change::Device));
    assert_eq!((roof(&state).status_since_ms, roof(&state).last_heard_ms), (Some(2_000), Some(1_500)));
}

#[test]
fn what_is_restored_is_what_was_saved_and_goes_on_from_there() {
    let state = State::default();
    for message in [status("online", false), birth(), state_at(20, "synchronized", false)] {
        state.apply(&message, 1_000).unwrap();
    }
    let restored = State::restore(state.take_unsaved(true));
    assert_eq!(restored.all(), state.all());
    assert_eq!(restored.take_unsaved(true), [], "nothing new to save");
    assert_eq!(restored.apply(&state_at(20, "synchronized", true), 9_000), Ok(Change::None));

    restored.all_offline(5_000);
    assert_eq!(
        (roof(&restored).status, roof(&restored).status_since_ms),
        (Some(Status::Offline), Some(5_000))
    );
    restored.all_offline(6_000);
    assert_eq!(roof(&restored).status_since_ms, Some(5_000), "it was offline before");
}

#[test]
fn live_values_are_saved_less_often_than_who_is_there() {
    let state = State::default();
    state.apply(&birth(), 1_000).unwrap();
    assert_eq!(state.take_unsaved(false).len(), 1);
    state.apply(&state_at(20, "synchronized", false), 1_000).unwrap();
    assert_eq!(state.take_unsaved(false), []);
    assert_eq!(state.take_unsaved(true).len(), 1);
    assert_eq!(state.take_unsaved(true), []);
}

#[test]
fn a_broker_without_memory_gets_back_what_it_would_have_kept() {
    let state = State::default();
    for message in [status("offline", false), birth(), state_at(20, "synchronized", false)] {
        state.apply(&message, 1_000).unwrap();
    }
    let messages = state.retained(&Topics::default());
    let kept: Vec<_> = messages.iter().map(|m| (m.topic.as_str(), m.qos, m.retained)).collect();
    assert_eq!(
        kept,
        [
            ("edgewise/roof/birth", 1, true),
            ("edgewise/roof/status", 1, true),
            ("edgewise/roof/state", 0, true)
        ]
    );
    assert_eq!(messages[1].payload, "offline");
    let live = roof(&state).state.unwrap();
    assert_eq!(messages[2].payload, live.as_bytes());
    assert_eq!(messages[2].payload.as_ptr(), live.as_ptr(), "there is one copy of it");
}

#[test]
fn devices_are_limited_and_those_known_are_still_heard() {
    let state = State::default();
    for number in 0..MAX_DEVICES {
        state.apply(&message(&format!("edgewise/d{number}/status"), "online".to_owned(), false), 1).unwrap();
    }
    let refused = state.apply(&status("online", false), 2);
    assert_eq!(refused, Err(Refused::TooManyDevices(MAX_DEVICES)));
    assert_eq!(state.all().len(), MAX_DEVICES);
    assert!(state.apply(&message("edgewise/d7/status", "offline".to_owned(), false), 2).is_ok());
}

/// The hub writes the documents around what it received; the types say what they are.
#[test]
fn a_device_is_written_as_its_type_says() {
    let state = State::default();
    state.apply(&status("online", false), 1_000).unwrap();
    let list = |state: &State| {
        let mut out = Vec::new();
        view::write_devices(&mut out, &state.all(), 7);
        serde_json::from_slice::<DeviceList>(&out).unwrap()
    };
    let bare = DeviceView {
        labels: Labels::default(),
        id: "roof".parse().unwrap(),
        status: DeviceStatus::Online,
        status_since_ms: Some(1_000),
        last_heard_ms: Some(1_000),
        birth: None,
        state: None,
        state_received_ms: None,
    };
    assert_eq!(list(&state), DeviceList { devices: vec![bare.clone()], now_ms: 7 });

    let (birth, live) = (birth(), state_at(20, "synchronized", false));
    state.apply(&birth, 2_000).unwrap();
    state.apply(&live, 3_000).unwrap();
    state
        .apply(
            &message("edgewise/shed/birth", String::new() + roof(&state).birth.as_deref().unwrap(), true),
            1,
        )
        .unwrap();
    let labels = Labels {
        name: Some("\"Dach\"".to_owned()),
        tags: vec!["pv".to_owned()],
        group: Some("a".to_owned()),
    };
    state.label(&"roof".parse().unwrap(), &labels).unwrap();
    let (Body::Birth(birth, _), Body::State(live, _)) = (birth.body, live.body) else { panic!("as made") };
    let full = DeviceView {
        last_heard_ms: Some(3_000),
        birth: Some(*birth.clone()),
        state: Some(*live),
        state_received_ms: Some(3_000),
        labels,
        ..bare.clone()
    };
    let shed = DeviceView {
        id: "shed".parse().unwrap(),
        status: DeviceStatus::Unknown,
        status_since_ms: None,
        last_heard_ms: Some(1),
        birth: Some(*birth),
        ..bare
    };
    assert_eq!(list(&state).devices, [full, shed]);
}

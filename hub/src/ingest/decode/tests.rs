use super::*;

fn decode(topic: &str, payload: &[u8], retained: bool) -> Decoded {
    let payload = Bytes::copy_from_slice(payload);
    Decoder::new(Prefix::default()).decode(&Incoming { topic: topic.to_owned(), payload, retained })
}

fn refused(topic: &str, payload: &[u8]) -> Refused {
    match decode(topic, payload, false) {
        Decoded::Refused(_, reason) => reason,
        other => panic!("{topic}: {other:?}"),
    }
}

fn understood(topic: &str, payload: &[u8]) -> (Body, Vec<Refused>) {
    match decode(topic, payload, false) {
        Decoded::Message(message, refused) => (message.body, refused),
        other => panic!("{topic}: {other:?}"),
    }
}

const STAMP: &str = r#""version":1,"boot":"b","monotonic_ms":5,"time_ms":9,"clock":"synchronized""#;

fn state_with(now: &str) -> Vec<u8> {
    format!(r#"{{{STAMP},"now":{{{now}}},"mean":{{}},"faults":{{}}}}"#).into_bytes()
}

fn summary_with(sequence: u64, min: f64) -> String {
    format!(
        r#"{{{STAMP},"sequence":{sequence},"window_ms":60000,"mean":{{"a":2}},"min":{{"a":{min}}},"max":{{"a":3}},"last":{{"a":2}},"count":{{"a":12}}}}"#
    )
}

#[test]
fn what_is_no_json_is_malformed_and_told_where() {
    for payload in [&b"{"[..], b"hello", b"{\"version\":1,}", b"\xff\xfe", b"{\"version\":1"] {
        let reason = refused("edgewise/roof/state", payload);
        assert!(matches!(reason, Refused::Malformed(_)), "{payload:?}: {reason:?}");
        assert_eq!(reason.to_string().lines().count(), 1);
    }
    let reason = refused("edgewise/roof/state", b"{\"version\":1,\n oops}").to_string();
    assert!(reason.contains("line 2 column 2"), "{reason}");
    assert!(
        matches!(refused("edgewise/roof/summary", b""), Refused::Malformed(_)),
        "never retained, so no deletion"
    );
}

#[test]
fn nan_and_infinity_are_named() {
    for (value, word) in
        [("NaN", "NaN"), ("-NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "Infinity")]
    {
        let payload = state_with(&format!("\"a\":1,\"b_percent\":{value}"));
        assert_eq!(refused("edgewise/roof/state", &payload), Refused::NotANumber(word), "{value}");
    }
    let reason = refused("edgewise/roof/state", &state_with(r#""a":1e999"#)).to_string();
    assert!(reason.contains("number out of range"), "{reason}");
    // The words as text are another mistake.
    assert!(matches!(refused("edgewise/roof/state", &state_with(r#""a":"NaN""#)), Refused::WrongShape(_)));
}

#[test]
fn a_wrong_type_is_told_as_such() {
    for (payload, says) in [
        (state_with(r#""a":null"#), "null"),
        (state_with(r#""a":"5""#), "string"),
        (state_with(r#""Bad Name":5"#), "no metric name"),
        (b"{}".to_vec(), "missing field"),
        (b"5".to_vec(), "integer"),
    ] {
        let reason = refused("edgewise/roof/state", &payload);
        assert!(matches!(&reason, Refused::WrongShape(text) if text.contains(says)), "{reason:?}");
    }
}

#[test]
fn another_version_is_told_even_where_all_is_different() {
    let payload = br#"{"now":[1,2],"version":2}"#;
    for channel in ["state", "birth", "summary", "backlog"] {
        let reason = refused(&format!("edgewise/roof/{channel}"), payload);
        assert_eq!(reason, Refused::UnknownVersion(2), "{channel}");
    }
    assert!(refused("edgewise/roof/state", payload).to_string().contains("update the hub"));
}

#[test]
fn what_is_too_large_is_refused_unread() {
    let huge = vec![b'{'; 10 << 20];
    assert_eq!(refused("edgewise/roof/state", &huge), Refused::TooLarge(10 << 20));
    let metrics = |count: usize| {
        let list: Vec<String> = (0..count).map(|i| format!("\"m{i}\":1")).collect();
        state_with(&list.join(","))
    };
    assert_eq!(
        refused("edgewise/roof/state", &metrics(MAX_METRICS + 1)),
        Refused::TooManyMetrics(MAX_METRICS + 1)
    );
    understood("edgewise/roof/state", &metrics(MAX_METRICS));
}

#[test]
fn a_device_id_that_is_none_is_told_and_other_topics_are_left_alone() {
    for topic in ["edgewise/a/b/state", "edgewise/a+/state", "edgewise//state", "edgewise/caf\u{e9}/summary"]
    {
        assert!(matches!(refused(topic, b"{}"), Refused::BadDevice(_)), "{topic}");
    }
    for topic in [
        "zigbee/lamp",
        "edgewise",
        "edgewise/roof/other",
        "edgewise/roof/ack",
        "edgewise/roof/command",
        "x/roof/state",
    ] {
        assert!(matches!(decode(topic, b"{", false), Decoded::Ignored), "{topic}");
    }
}

#[test]
fn a_status_is_one_of_two_words() {
    assert!(matches!(understood("edgewise/roof/status", b"online"), (Body::Status(Status::Online), _)));
    assert!(matches!(refused("edgewise/roof/status", b"Online"), Refused::BadStatus(_)));
    assert!(matches!(refused("edgewise/roof/status", b"on\nline"), Refused::BadStatus(_)));
}

#[test]
fn the_deletion_of_a_retained_message_is_no_mistake() {
    for channel in ["status", "birth", "state"] {
        for retained in [true, false] {
            let topic = format!("edgewise/roof/{channel}");
            assert!(matches!(decode(&topic, b"", retained), Decoded::Ignored), "{channel} {retained}");
        }
    }
}

#[test]
fn a_summary_that_contradicts_itself_is_refused() {
    let reason = refused("edgewise/roof/summary", summary_with(7, 2.5).as_bytes());
    assert!(matches!(reason, Refused::InvalidSummary { sequence: 7, .. }), "{reason:?}");
    let high = summary_with(1 << 53, 1.0);
    assert_eq!(refused("edgewise/roof/summary", high.as_bytes()), Refused::SequenceTooHigh(1 << 53));
    assert!(matches!(
        refused("edgewise/roof/summary", summary_with(0, 1.0).as_bytes()),
        Refused::InvalidSummary { .. }
    ));
}

#[test]
fn one_bad_summary_of_a_backlog_holds_up_no_other() {
    let (good, bad) = (summary_with(1, 1.0), summary_with(2, 9.0));
    let payload = format!(r#"{{"version":1,"summaries":[{good},{bad},{{}}, {}]}}"#, summary_with(3, 1.0));
    let (Body::Summaries(summaries), refused) = understood("edgewise/roof/backlog", payload.as_bytes())
    else {
        panic!("summaries")
    };
    let sequences: Vec<u64> = summaries.iter().map(|s| s.head.sequence).collect();
    assert_eq!(sequences, [1, 3]);
    assert_eq!(summaries[0].text, good);
    assert!(matches!(refused[..], [Refused::InvalidSummary { sequence: 2, .. }, Refused::WrongShape(_)]));
}

#[test]
fn the_text_of_a_message_is_one_line_and_says_the_same() {
    let payload = String::from_utf8(state_with(r#""a":1"#)).unwrap().replace(',', ",\r\n  ");
    let (Body::State(state, text), _) =
        understood("edgewise/roof/state", format!("\n{payload}\n").as_bytes())
    else {
        panic!("a state")
    };
    assert!(!text.contains(['\n', '\r']));
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), *state);
}

#[test]
fn what_is_kept_is_a_part_of_a_payload_only_where_that_stands_alone_and_is_not_mostly_blank() {
    let text = state_with(r#""a":1"#);
    let kept_within = |shares: bool, blanks: usize| {
        let payload = Bytes::from([&text[..], &b" ".repeat(blanks)].concat());
        let incoming =
            Incoming { topic: "edgewise/roof/state".to_owned(), payload: payload.clone(), retained: false };
        let mut decoder = Decoder::new(Prefix::default()).sharing(shares);
        let Decoded::Message(Message { body: Body::State(_, kept), .. }, _) = decoder.decode(&incoming)
        else {
            panic!("a state")
        };
        assert_eq!(kept.as_bytes(), &text);
        payload.as_ptr_range().contains(&kept.as_ptr())
    };
    assert!(kept_within(true, 0) && kept_within(true, 5));
    assert!(!kept_within(true, 10 * text.len()));
    assert!(!kept_within(false, 0));
}

//! The bodies of the fuzz targets in `fuzz`: each takes any bytes and panics where something does not hold that
//! always must. Tests replay what was found.

use crate::{
    api,
    ingest::{
        decode::{self, Body, Decoded, Decoder, Message, ReceivedSummary},
        retime::DeviceClock,
    },
    mqtt::{self, Incoming},
    state::State,
    store::{
        Point, chunk,
        fold::{self, HOUR_MS, MINUTE_MS, Steps},
        minute::Figures,
        row,
    },
    stream, view,
};
use bytes::Bytes;
use protocol::{Channel, Prefix, Summary, Topic, Topics};
use serde_json::Value;
use std::collections::BTreeMap;

/// When the hub hears what it is given here, in milliseconds since 1970-01-01 UTC.
const NOW_MS: i64 = 1_700_000_000_000;

/// A payload of an agent: the first byte says on which channel it comes, and whether it was retained.
pub fn message(bytes: &[u8]) {
    let Some((first, payload)) = bytes.split_first() else { return };
    let channel = Channel::FROM_AGENT[usize::from(*first) % Channel::FROM_AGENT.len()];
    let topic = format!("edgewise/roof/{}", channel.as_str());
    let incoming = Incoming { topic, payload: Bytes::copy_from_slice(payload), retained: first & 0x80 != 0 };
    match Decoder::new(Prefix::default()).decode(&incoming) {
        Decoded::Message(message, refused) => {
            refused.iter().for_each(is_a_line);
            understood(&message, payload.len());
        }
        Decoded::Refused(device, reason) => {
            assert!(device.is_some(), "the topic is known");
            is_a_line(&reason);
        }
        Decoded::Ignored => {}
    }
}

fn is_a_line(reason: &impl ToString) {
    let line = reason.to_string();
    assert!(!line.is_empty() && line.lines().count() == 1, "{line:?}");
}

fn understood(message: &Message, bytes: usize) {
    let state = State::restore(Vec::new());
    state.apply(message, NOW_MS).expect("there is room for one device");
    let device = state.get(&message.device).expect("it was heard of");
    let mut out = Vec::new();
    view::write_device(&mut out, &message.device, &device);
    serde_json::from_slice::<Value>(&out).expect("what the API tells of it is JSON");
    let event = stream::device_event(&message.device, &device);
    let text = std::str::from_utf8(&event).expect("an event is text");
    assert_eq!(text.lines().filter(|line| line.starts_with("data:")).count(), 1, "{text}");

    let mut clock = DeviceClock::restore(&device);
    match &message.body {
        Body::Birth(birth, _) => clock.note_birth(birth, Some(NOW_MS)),
        Body::State(state, _) => clock.note_state(&state.stamp, Some(NOW_MS)),
        Body::Summaries(summaries) => {
            let texts: usize = summaries.iter().map(|summary| summary.text.len()).sum();
            assert!(texts <= bytes, "{texts} bytes are kept of {bytes}");
            clock.note_summaries(summaries.iter().map(|one| &one.head), NOW_MS);
            for one in summaries {
                let summary = means_the_same(one);
                is_a_row(one);
                keeps(&summary, clock.time(&one.head, NOW_MS).time_ms);
            }
        }
        Body::Status(_) | Body::Result(_) => {}
    }
}

/// What was read of a summary is what the line says that is kept of it, and so is what we would write of it.
fn means_the_same(ReceivedSummary { head, minute, text }: &ReceivedSummary) -> Summary {
    let line = decode::one_line(text);
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'), "the stream could not carry it");
    let summary: Summary = serde_json::from_slice(text).expect("it was understood before");
    let of = |summary: &Summary| (summary.sequence, summary.stamp.clone(), summary.machine_boot.clone());
    assert_eq!(of(&summary), (head.sequence, head.stamp.clone(), head.machine_boot.clone()));
    let figures: BTreeMap<_, _> = minute.by_name().map(|(name, figures)| (name.clone(), *figures)).collect();
    assert_eq!(figures.len(), summary.mean.len());
    for (name, figures) in figures {
        let Figures { mean, min, max, last, count } = figures;
        assert_eq!(
            [mean, min, max, last],
            [&summary.mean, &summary.min, &summary.max, &summary.last].map(|of| of[&name])
        );
        assert_eq!(count, summary.count[&name]);
    }
    let written = serde_json::to_vec(&summary).expect("a summary has a JSON form");
    let again: Summary = serde_json::from_slice(&written).expect("ours is understood");
    let bare = |summary: &Summary| Summary {
        mean: Default::default(),
        min: Default::default(),
        max: Default::default(),
        last: Default::default(),
        ..summary.clone()
    };
    assert_eq!(bare(&again), bare(&summary));
    for (ours, theirs) in [
        (&again.mean, &summary.mean),
        (&again.min, &summary.min),
        (&again.max, &summary.max),
        (&again.last, &summary.last),
    ] {
        assert!(ours.keys().eq(theirs.keys()));
        // The reader of JSON may be off by the last bit.
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= b.abs() * 1e-15 || a == b;
        assert!(ours.values().zip(theirs.values()).all(close), "{ours:?} {theirs:?}");
    }
    summary
}

/// A summary's row gives its figures back as they were.
fn is_a_row(ReceivedSummary { head, minute, .. }: &ReceivedSummary) {
    let encoded = row::encode(head.sequence, head.stamp.monotonic_ms, &minute.figures);
    let figures = row::decode(&encoded, head.sequence, minute.figures.len()).expect("our own row");
    assert_eq!(*figures, *minute.figures);
}

/// A summary that was taken in can be packed and folded.
fn keeps(summary: &Summary, time_ms: i64) {
    for (metric, &mean) in &summary.mean {
        let point = Point {
            time_ms,
            mean,
            min: summary.min[metric],
            max: summary.max[metric],
            last: Some(summary.last[metric]),
            count: u64::from(summary.count[metric]),
            by_device: true,
        };
        let points = [point, point];
        let packed = chunk::pack(&points).expect("it is packed");
        assert_eq!(chunk::unpack(&packed).expect("it is unpacked"), points);
        let hours = fold::hours(&fold::hours(&[], &points[..1]), &points[1..]);
        let mut steps = Steps::new(7 * MINUTE_MS);
        points.iter().for_each(|point| steps.add(point));
        for folded in hours.iter().chain(&steps.into_points()) {
            assert_eq!((folded.count, folded.min, folded.max), (2 * point.count, point.min, point.max));
            assert!(folded.min <= folded.mean && folded.mean <= folded.max, "{folded:?}");
        }
        assert_eq!(hours.len(), 1);
        assert_eq!(hours[0].time_ms.rem_euclid(HOUR_MS), 0, "{time_ms}");
    }
}

/// What a socket of the embedded broker brings.
pub fn packets(bytes: &[u8]) {
    mqtt::embedded::hostile::stream(bytes);
}

/// What the socket to somebody's broker brings.
pub fn broker(bytes: &[u8]) {
    mqtt::external::hostile::stream(bytes);
}

/// A prefix and a topic, a line each.
pub fn topic(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (prefix, name) = text.split_once('\n').unwrap_or(("edgewise", text));
    let Ok(prefix) = prefix.parse::<Prefix>() else { return };
    let topics = Topics::new(prefix.clone());
    let parsed = topics.parse(name);
    if let Some(topic) = &parsed {
        assert_eq!(topics.name(topic), name);
    }
    let for_hub = mqtt::is_for_hub(&prefix.to_string(), name);
    let incoming =
        Incoming { topic: name.to_owned(), payload: Bytes::from_static(b"online"), retained: false };
    match (Decoder::new(prefix).decode(&incoming), parsed) {
        (Decoded::Message(message, _), Some(Topic::Device(device, Channel::Status))) => {
            assert!(for_hub && message.device == device);
        }
        (Decoded::Message(..), other) => panic!("{name:?} is understood as {other:?}"),
        (Decoded::Refused(Some(heard), _), Some(Topic::Device(device, _))) => assert_eq!(heard, device),
        (Decoded::Refused(Some(device), _), other) => panic!("{name:?} is of {device} as {other:?}"),
        (Decoded::Refused(None, reason), _) => is_a_line(&reason),
        (Decoded::Ignored, Some(Topic::Device(_, channel))) => {
            assert!(!Channel::FROM_AGENT.contains(&channel), "{name:?} is not heard");
        }
        (Decoded::Ignored, _) => {}
    }
}

/// A chunk, as a disk may give it back.
pub fn packed(bytes: &[u8]) {
    let Ok(points) = chunk::unpack(bytes) else { return };
    assert!(points.is_sorted_by_key(|point| point.time_ms));
    for point in &points {
        let figures = [Some(point.mean), Some(point.min), Some(point.max), point.last];
        assert!(figures.iter().flatten().all(|figure| figure.is_finite()), "{point:?}");
    }
    let again = chunk::pack(&points).expect("it is packed");
    assert_eq!(chunk::unpack(&again).expect("ours is unpacked"), points);
    // Whatever the figures are, nothing that keeps or tells them may fall over them.
    let hours = fold::hours(&[], &points);
    assert!(hours.is_sorted_by(|a, b| a.time_ms < b.time_ms) && hours.len() <= points.len());
    let counted = |points: &[Point]| points.iter().fold(0u64, |sum, point| sum.saturating_add(point.count));
    assert_eq!(counted(&hours), counted(&points));
}

/// What is asked of the API behind the question mark.
pub fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    api::fuzz(text, NOW_MS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::cases::replay;
    use std::path::PathBuf;

    fn corpus(target: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
    }

    #[test]
    fn messages_that_were_found() {
        replay(&corpus("hub_message"), message);
    }

    #[test]
    fn topics_that_were_found() {
        replay(&corpus("hub_topic"), topic);
    }

    #[test]
    fn packets_of_the_corpus() {
        replay(&corpus("hub_packets"), packets);
    }

    #[test]
    fn what_brokers_say() {
        replay(&corpus("hub_broker"), broker);
    }

    #[test]
    fn chunks_that_were_found() {
        replay(&corpus("hub_chunk"), packed);
    }

    #[test]
    fn queries_that_were_found() {
        replay(&corpus("hub_query"), query);
    }
}

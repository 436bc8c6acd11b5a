//! The body of a fuzz target: whatever a socket brings, reading it fails cleanly or gives packets that can be sent on.

use super::codec::{self, Packet, Publish, Version};
use super::connect::Connect;
use super::filter::Filter;
use super::message::{Delivery, Message};
use super::retained::Retained;
use crate::mqtt::frame;
use std::sync::Arc;

const MAX: usize = 1 << 20;

/// The first byte says which version is spoken, or that CONNECT is still to come; the rest is what the socket brings.
pub(crate) fn stream(bytes: &[u8]) {
    let Some((first, mut bytes)) = bytes.split_first() else { return };
    let mut version = [None, Some(Version::V3), Some(Version::V5)][usize::from(first % 3)];
    while let Ok(Some((first, body, length))) = frame::split(bytes, MAX) {
        assert!(length <= bytes.len() && body.len() < length);
        match version {
            None => match Connect::read(first, body) {
                Ok(connect) => version = Some(connect.version),
                Err(_) => return,
            },
            Some(version) => match codec::read(version, first, body) {
                Ok(packet) => understood(version, packet, length),
                Err(_) => return,
            },
        }
        bytes = &bytes[length..];
    }
}

fn understood(version: Version, packet: Packet, length: usize) {
    match packet {
        Packet::Publish(publish) => sent_on(version, publish, length),
        Packet::Subscribe { entries, .. } => {
            assert!(entries.len() < length);
            for entry in &entries {
                if let Some(filter) = Filter::parse(entry.topic_filter()) {
                    Retained::default().matching(&filter);
                    filter.matches(entry.topic_filter());
                }
            }
        }
        Packet::Unsubscribe { filters, .. } => assert!(filters.len() < length),
        _ => {}
    }
}

/// What is sent on of a message is read as the same message.
fn sent_on(version: Version, publish: Publish, length: usize) {
    let Publish { topic, payload, qos, retain, id, properties, expiry } = publish;
    assert!(topic.len() + payload.len() < length);
    let expires = expiry.map(|expiry| tokio::time::Instant::now() + expiry);
    let from = "somebody".into();
    let message = Arc::new(Message { topic, payload, qos, retain, properties, expires, from });
    let delivery = Delivery { message: message.clone(), qos, retain, identifiers: vec![7] };
    let mut out = Vec::new();
    assert!(codec::write_publish(&mut out, version, &delivery, (id, false), usize::MAX));
    let (first, body, _) = frame::split(&out, usize::MAX).expect("ours").expect("whole");
    // Of an identifier that only a broker may send the reader knows nothing, and says so.
    let Ok(Packet::Publish(again)) = codec::read(version, first, body) else {
        assert_eq!(version, Version::V5, "what we send is not understood");
        return;
    };
    assert_eq!((&again.topic, &again.payload, again.qos), (&message.topic, &message.payload, qos));
    assert_eq!((again.retain, again.id, again.properties), (retain, id, message.properties.clone()));
}

#[cfg(test)]
mod tests {
    use super::stream;
    use proptest::prelude::*;

    proptest! {
        /// Frames that are whole, with anything in them: chance alone rarely gets past the length.
        #[test]
        fn whatever_comes_in_a_frame_is_read_or_refused(
            version in 0..3u8,
            frames in prop::collection::vec((any::<u8>(), prop::collection::vec(0..40u8, 0..60)), 1..4),
        ) {
            let framed = frames.iter().flat_map(|(first, body)| [&[*first, body.len() as u8], &body[..]].concat());
            let bytes: Vec<u8> = [version].into_iter().chain(framed).collect();
            stream(&bytes);
        }
    }
}

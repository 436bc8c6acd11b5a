//! The body of a fuzz target: whatever a broker brings, reading it fails cleanly or gives what is no longer than it.

use super::packet::{self, Packet};
use crate::mqtt::frame;

const MAX: usize = 1 << 20;

/// What the socket brings, from CONNACK on.
pub(crate) fn stream(mut bytes: &[u8]) {
    let mut welcomed = false;
    while let Ok(Some((first, body, length))) = frame::split(bytes, MAX) {
        assert!(length <= bytes.len() && body.len() < length);
        if welcomed {
            match packet::read(first, body) {
                Ok(packet) => understood(&packet, length),
                Err(_) => return,
            }
        } else if let Err(lost) = packet::welcome(first, body) {
            let line = lost.to_string();
            assert!(!line.is_empty() && line.lines().count() == 1, "{line:?}");
            return;
        }
        welcomed = true;
        bytes = &bytes[length..];
    }
}

fn understood(packet: &Packet, length: usize) {
    match packet {
        Packet::Publish(arrived) => {
            assert!(arrived.message.topic.len() + arrived.message.payload.len() < length);
            assert_ne!(arrived.id, Some(0), "no message has this number");
        }
        Packet::Subscribed(answers) => assert!(answers.len() < length),
        Packet::Taken { .. } | Packet::Pong | Packet::Goodbye(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::stream;
    use proptest::prelude::*;

    proptest! {
        /// Frames that are whole, with anything in them, after a broker has let the hub in.
        #[test]
        fn whatever_comes_in_a_frame_is_read_or_refused(
            frames in prop::collection::vec((any::<u8>(), prop::collection::vec(0..40u8, 0..60)), 1..4),
        ) {
            let framed = frames.iter().flat_map(|(first, body)| [&[*first, body.len() as u8], &body[..]].concat());
            stream(&b"\x20\x03\x00\x00\x00".iter().copied().chain(framed).collect::<Vec<u8>>());
        }
    }
}

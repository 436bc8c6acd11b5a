//! What is the same in every packet, whoever reads it.

use bytes::Bytes;
use mqtt_protocol_core::mqtt::ArcPayload;
use mqtt_protocol_core::mqtt::result_code::MqttError;

/// A packet's first byte, its body, and the number of bytes of all of it.
pub(super) type Frame<'b> = (u8, &'b [u8], usize);

/// The packet at the start of `bytes`; `None` while some of it is not here yet.
///
/// # Errors
/// When it is longer than `max`, which is known before all of it is here, or its length makes no sense.
pub(super) fn split(bytes: &[u8], max: usize) -> Result<Option<Frame<'_>>, MqttError> {
    let (mut length, mut at) = (0_usize, 1);
    loop {
        let Some(&byte) = bytes.get(at) else { return Ok(None) };
        length |= usize::from(byte & 0x7F) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if at > 4 {
            return Err(MqttError::MalformedPacket);
        }
    }
    if at + length > max {
        return Err(MqttError::PacketTooLarge);
    }
    Ok(bytes.get(at..at + length).map(|body| (bytes[0], body, at + length)))
}

/// Reads a body to its end.
///
/// # Errors
/// When it is not what is read, or something follows.
pub(super) fn whole<T>(
    body: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<(T, usize), MqttError>,
) -> Result<T, MqttError> {
    let (packet, length) = parse(body)?;
    if length == body.len() { Ok(packet) } else { Err(MqttError::MalformedPacket) }
}

/// The payload where it lies, without a copy.
pub(super) fn shared(payload: ArcPayload) -> Bytes {
    struct Owner(ArcPayload);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            self.0.as_slice()
        }
    }
    Bytes::from_owner(Owner(payload))
}

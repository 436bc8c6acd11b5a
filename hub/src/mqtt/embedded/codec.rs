//! Packets of both versions of MQTT, read into one form and written from it.

use super::message::{Delivery, Message};
use crate::mqtt::frame::{shared, whole};
use bytes::Bytes;
use mqtt_protocol_core::mqtt::packet::{
    MessageExpiryInterval, Properties, PropertiesToBuffers, Property, SubEntry, SubscriptionIdentifier,
    VariableByteInteger, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{MqttError, PubrecReasonCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Which MQTT a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// MQTT 3.1.1.
    V3,
    /// MQTT 5.
    V5,
}

/// What a client said.
pub(super) enum Packet {
    Publish(Publish),
    /// PUBACK or PUBCOMP, or a PUBREC that refuses.
    Finished(u16),
    /// PUBREC.
    Received(u16),
    /// PUBREL.
    Release(u16),
    Subscribe {
        id: u16,
        identifier: Option<u32>,
        entries: Vec<SubEntry>,
    },
    Unsubscribe {
        id: u16,
        filters: Vec<String>,
    },
    Ping,
    Disconnect {
        with_will: bool,
        expiry: Option<Duration>,
    },
}

/// What a client published.
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// Its number; 0 at QoS 0, which has none.
    pub(super) id: u16,
    pub(super) properties: Vec<Property>,
    pub(super) expiry: Option<Duration>,
}

/// Reads a packet that may come after CONNECT.
///
/// # Errors
/// When it is none, or not one of a client.
pub(super) fn read(version: Version, first: u8, body: &[u8]) -> Result<Packet, MqttError> {
    let (kind, flags) = (first >> 4, first & 0x0F);
    let wanted_flags = match kind {
        3 => flags,
        6 | 8 | 10 => 2,
        _ => 0,
    };
    if flags != wanted_flags {
        return Err(MqttError::MalformedPacket);
    }
    match version {
        Version::V3 => read_v3(kind, flags, body),
        Version::V5 => read_v5(kind, flags, body),
    }
}

fn read_v3(kind: u8, flags: u8, body: &[u8]) -> Result<Packet, MqttError> {
    Ok(match kind {
        3 => {
            let (packet, _) = v3_1_1::Publish::parse(flags, Arc::from(body))?;
            Packet::Publish(Publish {
                topic: packet.topic_name().to_owned(),
                payload: shared(packet.payload().clone()),
                qos: packet.qos() as u8,
                retain: packet.retain(),
                id: packet.packet_id().unwrap_or(0),
                properties: Vec::new(),
                expiry: None,
            })
        }
        4 => Packet::Finished(whole(body, v3_1_1::Puback::parse)?.packet_id()),
        5 => Packet::Received(whole(body, v3_1_1::Pubrec::parse)?.packet_id()),
        6 => Packet::Release(whole(body, v3_1_1::Pubrel::parse)?.packet_id()),
        7 => Packet::Finished(whole(body, v3_1_1::Pubcomp::parse)?.packet_id()),
        8 => {
            let packet = whole(body, v3_1_1::Subscribe::parse)?;
            let (id, entries) = (packet.packet_id(), packet.entries().to_vec());
            Packet::Subscribe { id, identifier: None, entries }
        }
        10 => {
            let packet = whole(body, v3_1_1::Unsubscribe::parse)?;
            let filters = packet.entries().iter().map(|filter| filter.as_str().to_owned()).collect();
            Packet::Unsubscribe { id: packet.packet_id(), filters }
        }
        12 if body.is_empty() => Packet::Ping,
        14 if body.is_empty() => Packet::Disconnect { with_will: false, expiry: None },
        _ => return Err(MqttError::ProtocolError),
    })
}

fn read_v5(kind: u8, flags: u8, body: &[u8]) -> Result<Packet, MqttError> {
    Ok(match kind {
        3 => {
            let (packet, _) = v5_0::Publish::parse(flags, Arc::from(body))?;
            // We offer no aliases, so there are none.
            if packet.props().iter().any(|property| matches!(property, Property::TopicAlias(_))) {
                return Err(MqttError::TopicAliasInvalid);
            }
            let (properties, expiry) = Message::sort_properties(packet.props());
            Packet::Publish(Publish {
                topic: packet.topic_name().to_owned(),
                payload: shared(packet.payload().clone()),
                qos: packet.qos() as u8,
                retain: packet.retain(),
                id: packet.packet_id().unwrap_or(0),
                properties,
                expiry,
            })
        }
        4 => Packet::Finished(whole(body, v5_0::Puback::parse)?.packet_id()),
        5 => {
            let packet = whole(body, v5_0::Pubrec::parse)?;
            match packet.reason_code() {
                None | Some(PubrecReasonCode::Success | PubrecReasonCode::NoMatchingSubscribers) => {
                    Packet::Received(packet.packet_id())
                }
                Some(_) => Packet::Finished(packet.packet_id()),
            }
        }
        6 => Packet::Release(whole(body, v5_0::Pubrel::parse)?.packet_id()),
        7 => Packet::Finished(whole(body, v5_0::Pubcomp::parse)?.packet_id()),
        8 => {
            let packet = whole(body, v5_0::Subscribe::parse)?;
            let identifier = packet.props().iter().find_map(|property| match property {
                Property::SubscriptionIdentifier(identifier) => Some(identifier.val()),
                _ => None,
            });
            Packet::Subscribe { id: packet.packet_id(), identifier, entries: packet.entries().to_vec() }
        }
        10 => {
            let packet = whole(body, v5_0::Unsubscribe::parse)?;
            let filters = packet.entries().iter().map(|filter| filter.as_str().to_owned()).collect();
            Packet::Unsubscribe { id: packet.packet_id(), filters }
        }
        12 if body.is_empty() => Packet::Ping,
        14 => {
            let packet = whole(body, v5_0::Disconnect::parse)?;
            let expiry = packet.props().iter().flatten().find_map(session_expiry);
            let with_will = packet.reason_code().is_some_and(|reason| reason as u8 != 0);
            Packet::Disconnect { with_will, expiry }
        }
        _ => return Err(MqttError::ProtocolError),
    })
}

/// How long a client wants its session to be kept.
pub(super) fn session_expiry(property: &Property) -> Option<Duration> {
    match property {
        Property::SessionExpiryInterval(interval) => Some(Duration::from_secs(interval.val().into())),
        _ => None,
    }
}

/// Writes a PUBLISH, with its number unless it is at QoS 0. `false` when it would be longer than `max`, and nothing is
/// written.
pub(super) fn write_publish(
    out: &mut Vec<u8>,
    version: Version,
    delivery: &Delivery,
    (id, again): (u16, bool),
    max: usize,
) -> bool {
    let message = &*delivery.message;
    let properties = match version {
        Version::V3 => Vec::new(),
        Version::V5 => properties(delivery),
    };
    let with_id = if delivery.qos > 0 { 2 } else { 0 };
    let length = 2 + message.topic.len() + with_id + properties.len() + message.payload.len();
    let Some(remaining) = u32::try_from(length).ok().and_then(VariableByteInteger::from_u32) else {
        return false;
    };
    if 1 + remaining.size() + length > max {
        return false;
    }
    out.reserve(1 + remaining.size() + length);
    out.push(0x30 | u8::from(again) << 3 | delivery.qos << 1 | u8::from(delivery.retain));
    out.extend_from_slice(remaining.as_bytes());
    // Topics come from packets, where they have two bytes of length.
    out.extend_from_slice(&(message.topic.len() as u16).to_be_bytes());
    out.extend_from_slice(message.topic.as_bytes());
    if delivery.qos > 0 {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(&properties);
    out.extend_from_slice(&message.payload);
    true
}

/// The properties of a PUBLISH of MQTT 5, behind their length.
fn properties(delivery: &Delivery) -> Vec<u8> {
    let message = &*delivery.message;
    if message.properties.is_empty() && message.expires.is_none() && delivery.identifiers.is_empty() {
        return vec![0];
    }
    let mut properties: Properties = message.properties.clone();
    if let Some(expires) = message.expires {
        let left = expires.saturating_duration_since(Instant::now()).as_secs();
        let interval = MessageExpiryInterval::new(u32::try_from(left).unwrap_or(u32::MAX));
        properties.extend(interval.ok().map(Property::from));
    }
    let identifiers = delivery.identifiers.iter().filter_map(|&id| SubscriptionIdentifier::new(id).ok());
    properties.extend(identifiers.map(Property::from));
    let body = properties.to_buffers().iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>();
    let length = u32::try_from(body.len()).ok().and_then(VariableByteInteger::from_u32);
    // Longer ones would not have fitted into the packet that they came in.
    length.map_or_else(|| vec![0], |length| [length.as_bytes(), &body].concat())
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP, by the first byte of each. Reasons are MQTT 5's; 0 means success and is left out.
pub(super) fn write_answer(out: &mut Vec<u8>, first: u8, id: u16, reason: u8) {
    let [high, low] = id.to_be_bytes();
    match reason {
        0 => out.extend_from_slice(&[first, 2, high, low]),
        reason => out.extend_from_slice(&[first, 3, high, low, reason]),
    }
}

/// The first bytes of the answers.
pub(super) const PUBACK: u8 = 0x40;
pub(super) const PUBREC: u8 = 0x50;
pub(super) const PUBREL: u8 = 0x62;
pub(super) const PUBCOMP: u8 = 0x70;

/// SUBACK, or UNSUBACK of MQTT 5: a byte for each filter.
pub(super) fn write_codes(out: &mut Vec<u8>, version: Version, first: u8, id: u16, codes: &[u8]) {
    let no_properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    let length = u32::try_from(2 + no_properties.len() + codes.len()).ok();
    // There are fewer codes than bytes in the packet that is answered.
    let Some(length) = length.and_then(VariableByteInteger::from_u32) else { return };
    out.push(first);
    out.extend_from_slice(length.as_bytes());
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(no_properties);
    out.extend_from_slice(codes);
}

/// The first bytes of these.
pub(super) const SUBACK: u8 = 0x90;
pub(super) const UNSUBACK: u8 = 0xB0;

pub(super) const PINGRESP: [u8; 2] = [0xD0, 0];

/// DISCONNECT of MQTT 5 with a reason; MQTT 3.1.1 has none from a server.
pub(super) fn disconnect(reason: u8) -> [u8; 3] {
    [0xE0, 1, reason]
}

//! Packets of MQTT 5 as a client says and hears them.

use super::super::frame::{shared, whole};
use super::Settings;
use super::inbox::Arrived;
use super::lost::Lost;
use crate::mqtt::{Incoming, Outgoing};
use bytes::{BufMut, BytesMut};
use mqtt_protocol_core::mqtt::packet::{
    MaximumPacketSize, Property, Qos, ReceiveMaximum, SessionExpiryInterval, SubEntry, SubOpts,
    VariableByteInteger, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, DisconnectReasonCode, MqttError, PubackReasonCode, SubackReasonCode,
};
use protocol::{Channel, Prefix, Topics};
use std::sync::Arc;
use std::time::Duration;

/// What the broker says once it has let the hub in.
pub(super) enum Packet {
    Publish(Arrived),
    /// PUBACK, with the reason of a refusal.
    Taken {
        id: u16,
        refused: Option<PubackReasonCode>,
    },
    /// SUBACK, an answer for each filter.
    Subscribed(Vec<SubackReasonCode>),
    /// PINGRESP.
    Pong,
    /// DISCONNECT.
    Goodbye(DisconnectReasonCode),
}

/// What the broker says when it lets the hub in.
pub(super) struct Welcome {
    /// Whether it knows the hub's session.
    pub(super) resumed: bool,
    /// How many messages it takes before it has acknowledged one.
    pub(super) receive_maximum: u16,
    /// The longest packet that it takes, in bytes.
    pub(super) packet_maximum: usize,
    /// How often it wants to hear from the hub, if it minds.
    pub(super) keep_alive: Option<Duration>,
}

/// Reads the first packet of the broker.
///
/// # Errors
/// When it does not let the hub in, or speaks another language.
pub(super) fn welcome(first: u8, body: &[u8]) -> Result<Welcome, Lost> {
    if first != 0x20 {
        return Err(MqttError::ProtocolError.into());
    }
    if body.len() == 2 {
        // So answers who knows MQTT 3 only.
        return Err(Lost::Older);
    }
    let packet = whole(body, v5_0::Connack::parse)?;
    if packet.reason_code() != ConnectReasonCode::Success {
        return Err(Lost::Refused(packet.reason_code()));
    }
    let mut welcome = Welcome {
        resumed: packet.session_present(),
        receive_maximum: u16::MAX,
        packet_maximum: usize::MAX,
        keep_alive: None,
    };
    for property in packet.props() {
        match property {
            Property::ReceiveMaximum(maximum) => welcome.receive_maximum = maximum.val(),
            Property::MaximumPacketSize(maximum) => {
                welcome.packet_maximum = usize::try_from(maximum.val()).unwrap_or(usize::MAX);
            }
            Property::ServerKeepAlive(seconds) if seconds.val() > 0 => {
                welcome.keep_alive = Some(Duration::from_secs(seconds.val().into()));
            }
            _ => {}
        }
    }
    Ok(welcome)
}

/// Reads any later packet of the broker.
///
/// # Errors
/// When it is none of a broker's, or one for which there is no reason.
pub(super) fn read(first: u8, body: &[u8]) -> Result<Packet, MqttError> {
    let (kind, flags) = (first >> 4, first & 0x0F);
    if kind != 3 && flags != 0 {
        return Err(MqttError::MalformedPacket);
    }
    Ok(match kind {
        3 => Packet::Publish(publish(flags, body)?),
        4 => {
            let packet = whole(body, v5_0::Puback::parse)?;
            let refused = packet.reason_code().filter(|reason| !reason.is_success());
            Packet::Taken { id: packet.packet_id(), refused }
        }
        9 => Packet::Subscribed(whole(body, v5_0::Suback::parse)?.reason_codes()),
        13 if body.is_empty() => Packet::Pong,
        14 => {
            let packet = whole(body, v5_0::Disconnect::parse)?;
            Packet::Goodbye(packet.reason_code().unwrap_or(DisconnectReasonCode::NormalDisconnection))
        }
        // The hub subscribes at QoS 1 and publishes no higher, so nothing of QoS 2 is under way.
        _ => return Err(MqttError::ProtocolError),
    })
}

fn publish(flags: u8, body: &[u8]) -> Result<Arrived, MqttError> {
    let (packet, _) = v5_0::Publish::parse(flags, Arc::from(body))?;
    // The hub offers no aliases, so there are none.
    if packet.props().iter().any(|property| matches!(property, Property::TopicAlias(_))) {
        return Err(MqttError::TopicAliasInvalid);
    }
    if packet.qos() == Qos::ExactlyOnce {
        return Err(MqttError::QosNotSupported);
    }
    if packet.packet_id() == Some(0) {
        return Err(MqttError::ProtocolError);
    }
    let message = Incoming {
        topic: packet.topic_name().to_owned(),
        payload: shared(packet.payload().clone()),
        retained: packet.retain(),
    };
    Ok(Arrived { message, id: packet.packet_id() })
}

/// CONNECT.
///
/// # Errors
/// When the client id, the user or the password is too long to be sent.
pub(super) fn connect(settings: &Settings) -> Result<Vec<u8>, MqttError> {
    // Told to the broker, which then never sends more: a larger packet would end the connection, be
    // sent again after the next connect, and so on for ever.
    let properties = vec![
        SessionExpiryInterval::new(super::SESSION_EXPIRY_SECONDS)?.into(),
        ReceiveMaximum::new(super::RECEIVE_MAXIMUM)?.into(),
        MaximumPacketSize::new(super::MAX_PACKET_BYTES)?.into(),
    ];
    let mut packet = v5_0::Connect::builder()
        .client_id(settings.client_id.as_str())?
        .clean_start(false)
        .keep_alive(super::KEEP_ALIVE.as_secs() as u16)
        .props(properties);
    if let Some(credentials) = &settings.credentials {
        packet = packet.user_name(credentials.user())?.password(credentials.password())?;
    }
    Ok(packet.build()?.to_continuous_buffer())
}

/// What the hub listens to: the channels that agents write.
pub(super) fn filters(prefix: &Prefix) -> Vec<String> {
    let topics = Topics::new(prefix.clone());
    Channel::FROM_AGENT.into_iter().map(|channel| topics.filter(channel)).collect()
}

/// SUBSCRIBE. What the hub itself publishes there does not come back.
///
/// # Errors
/// When a filter is none.
pub(super) fn subscribe(id: u16, filters: &[String]) -> Result<Vec<u8>, MqttError> {
    let options = SubOpts::new().set_qos(Qos::AtLeastOnce).set_nl(true);
    let entries = filters.iter().map(|filter| SubEntry::new(filter.as_str(), options));
    let packet = v5_0::Subscribe::builder().packet_id(id).entries(entries.collect::<Result<Vec<_>, _>>()?);
    Ok(packet.build()?.to_continuous_buffer())
}

/// Writes a PUBLISH, at QoS 1 where it has a number. `false` when it would be longer than `max`, and nothing is written.
pub(super) fn write_publish(
    out: &mut BytesMut,
    message: &Outgoing,
    id: Option<u16>,
    again: bool,
    max: usize,
) -> bool {
    let length = 2 + message.topic.len() + if id.is_some() { 2 } else { 0 } + 1 + message.payload.len();
    let topic_length = u16::try_from(message.topic.len()).ok();
    let remaining = u32::try_from(length).ok().and_then(VariableByteInteger::from_u32);
    let (Some(topic_length), Some(remaining)) = (topic_length, remaining) else { return false };
    if 1 + remaining.size() + length > max {
        return false;
    }
    let flags = u8::from(again) << 3 | u8::from(id.is_some()) << 1 | u8::from(message.retained);
    out.put_u8(0x30 | flags);
    out.put_slice(remaining.as_bytes());
    out.put_u16(topic_length);
    out.put_slice(message.topic.as_bytes());
    if let Some(id) = id {
        out.put_u16(id);
    }
    // No properties.
    out.put_u8(0);
    out.put_slice(&message.payload);
    true
}

/// PUBACK of success.
pub(super) fn puback(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x40, 2, high, low]
}

pub(super) const PINGREQ: [u8; 2] = [0xC0, 0];

/// DISCONNECT without a reason.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_subscribes_to_what_agents_write() {
        assert_eq!(
            filters(&Prefix::default()),
            ["status", "birth", "state", "summary", "backlog", "result"].map(|c| format!("edgewise/+/{c}"))
        );
    }

    #[test]
    fn what_the_broker_limits_is_heard_and_why_it_refuses_is_told() {
        let welcome = |body: &[u8]| super::welcome(0x20, body);
        let unlimited = welcome(&[0, 0, 0]).unwrap_or_else(|lost| panic!("{lost}"));
        assert!(!unlimited.resumed && unlimited.keep_alive.is_none());
        assert_eq!((unlimited.receive_maximum, unlimited.packet_maximum), (u16::MAX, usize::MAX));
        let limits = [1, 0, 11, 0x21, 0, 20, 0x27, 0, 0, 4, 0, 0x13, 0, 30];
        let limited = welcome(&limits).unwrap_or_else(|lost| panic!("{lost}"));
        assert!(limited.resumed);
        assert_eq!((limited.receive_maximum, limited.packet_maximum), (20, 1024));
        assert_eq!(limited.keep_alive, Some(Duration::from_secs(30)));
        for (body, text) in [
            (&[0, 1][..], "does not know MQTT 5"),
            (&[0, 0x86, 0], "check mqtt.username and mqtt.password_file"),
            (&[0, 0x97, 0], "QuotaExceeded"),
            (&[0], "not MQTT 5"),
        ] {
            let lost = welcome(body).err().expect("it is not let in").to_string();
            assert!(lost.contains(text), "{lost}");
        }
    }

    #[test]
    fn a_message_is_written_as_mqtt_5_says_unless_it_is_too_long() {
        let message = Outgoing { topic: "a/b".to_owned(), payload: "xyz".into(), qos: 1, retained: true };
        let mut out = BytesMut::new();
        assert!(write_publish(&mut out, &message, Some(0x0102), true, 13));
        assert_eq!(out[..], *b"\x3b\x0b\x00\x03a/b\x01\x02\x00xyz");
        out.clear();
        assert!(!write_publish(&mut out, &message, Some(1), false, 12) && out.is_empty());
        assert!(write_publish(&mut out, &message, None, false, 12));
        assert_eq!(out[..], *b"\x31\x09\x00\x03a/b\x00xyz");
    }
}

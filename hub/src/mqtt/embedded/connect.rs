//! CONNECT, and what it is answered.

use super::codec::{Version, session_expiry};
use super::message::Message;
use crate::mqtt::frame::whole;
use bytes::Bytes;
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, MaximumPacketSize, Properties, Property, ReceiveMaximum, SessionExpiryInterval,
    TopicAliasMaximum, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, ConnectReturnCode, MqttError};
use std::time::Duration;

/// Where the level of the protocol stands in a CONNECT, behind its name.
const LEVEL: usize = 6;

/// What a client wants when it comes.
pub(super) struct Connect {
    pub(super) version: Version,
    pub(super) client_id: String,
    /// Whether what was kept of an earlier session is thrown away.
    pub(super) clean: bool,
    /// How long its session is to be kept when it has gone.
    pub(super) expiry: Duration,
    /// How long it may be silent; `None` for ever.
    pub(super) keep_alive: Option<Duration>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) will: Option<Will>,
    /// How many messages it takes at once.
    pub(super) receive_maximum: u16,
    /// The longest packet that it takes, in bytes.
    pub(super) packet_maximum: usize,
    /// It wants to prove who it is in a way that we do not know.
    pub(super) wants_authentication: bool,
}

/// What is published for a client that goes without a word.
#[derive(Clone)]
pub(super) struct Will {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) properties: Vec<Property>,
    pub(super) expiry: Option<Duration>,
    /// How long it is held back, in case the client returns.
    pub(super) delay: Duration,
}

/// Why a client is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    ClientId,
    Login,
    NotAuthorized,
    Authentication,
    Full,
}

impl Connect {
    /// Reads the first packet of a connection.
    ///
    /// # Errors
    /// When it is no CONNECT that we understand.
    pub(super) fn read(first: u8, body: &[u8]) -> Result<Self, MqttError> {
        if first != 0x10 {
            return Err(MqttError::ProtocolError);
        }
        match body.get(LEVEL) {
            Some(4) => Self::v3(body),
            Some(5) => Self::v5(body),
            _ => Err(MqttError::UnsupportedProtocolVersion),
        }
    }

    fn v3(body: &[u8]) -> Result<Self, MqttError> {
        let packet = whole(body, v3_1_1::Connect::parse)?;
        let will = packet.will_topic().filter(|_| packet.will_flag()).map(|topic| Will {
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(packet.will_payload().unwrap_or_default()),
            qos: packet.will_qos() as u8,
            retain: packet.will_retain(),
            properties: Vec::new(),
            expiry: None,
            delay: Duration::ZERO,
        });
        Ok(Self {
            version: Version::V3,
            client_id: packet.client_id().to_owned(),
            clean: packet.clean_session(),
            expiry: if packet.clean_session() { Duration::ZERO } else { Duration::MAX },
            keep_alive: keep_alive(packet.keep_alive()),
            user: packet.user_name().map(str::to_owned),
            password: packet.password().map(<[u8]>::to_vec),
            will,
            receive_maximum: u16::MAX,
            packet_maximum: usize::MAX,
            wants_authentication: false,
        })
    }

    fn v5(body: &[u8]) -> Result<Self, MqttError> {
        let packet = whole(body, v5_0::Connect::parse)?;
        let will = packet.will_topic().filter(|_| packet.will_flag()).map(|topic| {
            let (properties, expiry) = Message::sort_properties(packet.will_props());
            let delay = packet.will_props().iter().find_map(|property| match property {
                Property::WillDelayInterval(interval) => Some(Duration::from_secs(interval.val().into())),
                _ => None,
            });
            Will {
                topic: topic.to_owned(),
                payload: Bytes::copy_from_slice(packet.will_payload().unwrap_or_default()),
                qos: packet.will_qos() as u8,
                retain: packet.will_retain(),
                properties,
                expiry,
                delay: delay.unwrap_or_default(),
            }
        });
        let mut connect = Self {
            version: Version::V5,
            client_id: packet.client_id().to_owned(),
            clean: packet.clean_start(),
            expiry: packet.props().iter().find_map(session_expiry).unwrap_or_default(),
            keep_alive: keep_alive(packet.keep_alive()),
            user: packet.user_name().map(str::to_owned),
            password: packet.password().map(<[u8]>::to_vec),
            will,
            receive_maximum: u16::MAX,
            packet_maximum: usize::MAX,
            wants_authentication: false,
        };
        for property in packet.props() {
            match property {
                Property::ReceiveMaximum(maximum) => connect.receive_maximum = maximum.val(),
                Property::MaximumPacketSize(maximum) => connect.packet_maximum = maximum.val() as usize,
                Property::AuthenticationMethod(_) => connect.wants_authentication = true,
                _ => {}
            }
        }
        Ok(connect)
    }
}

/// A client may be late by half of the time that it names.
fn keep_alive(seconds: u16) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_millis(u64::from(seconds) * 1500))
}

/// What a client is told that is let in.
pub(super) struct Welcome<'w> {
    pub(super) session_present: bool,
    /// The name that it was given, if it had none.
    pub(super) assigned: Option<&'w str>,
    /// How long its session is kept, if that is not what it asked for.
    pub(super) expiry: Option<Duration>,
    pub(super) receive_maximum: u16,
    pub(super) packet_maximum: u32,
}

/// CONNACK for who is let in.
pub(super) fn accept(version: Version, welcome: &Welcome<'_>) -> Result<Vec<u8>, MqttError> {
    if version == Version::V3 {
        let packet = v3_1_1::Connack::builder()
            .session_present(welcome.session_present)
            .return_code(ConnectReturnCode::Accepted)
            .build()?;
        return Ok(packet.to_continuous_buffer());
    }
    let mut properties: Properties = vec![
        ReceiveMaximum::new(welcome.receive_maximum)?.into(),
        MaximumPacketSize::new(welcome.packet_maximum)?.into(),
        TopicAliasMaximum::new(0)?.into(),
    ];
    if let Some(name) = welcome.assigned {
        properties.push(AssignedClientIdentifier::new(name)?.into());
    }
    if let Some(expiry) = welcome.expiry {
        let seconds = u32::try_from(expiry.as_secs()).unwrap_or(u32::MAX);
        properties.push(SessionExpiryInterval::new(seconds)?.into());
    }
    let packet = v5_0::Connack::builder()
        .session_present(welcome.session_present)
        .reason_code(ConnectReasonCode::Success)
        .props(properties)
        .build()?;
    Ok(packet.to_continuous_buffer())
}

/// CONNACK for who is not.
pub(super) fn deny(version: Version, denial: Denial) -> [u8; 5] {
    let (old, new) = match denial {
        Denial::ClientId => {
            (ConnectReturnCode::IdentifierRejected, ConnectReasonCode::ClientIdentifierNotValid)
        }
        Denial::Login => (ConnectReturnCode::BadUserNameOrPassword, ConnectReasonCode::BadUserNameOrPassword),
        Denial::NotAuthorized => (ConnectReturnCode::NotAuthorized, ConnectReasonCode::NotAuthorized),
        Denial::Authentication => {
            (ConnectReturnCode::NotAuthorized, ConnectReasonCode::BadAuthenticationMethod)
        }
        Denial::Full => (ConnectReturnCode::ServerUnavailable, ConnectReasonCode::ServerBusy),
    };
    match version {
        // The last byte is none of MQTT 3.1.1's packet.
        Version::V3 => [0x20, 2, 0, old as u8, 0],
        Version::V5 => [0x20, 3, 0, new as u8, 0],
    }
}

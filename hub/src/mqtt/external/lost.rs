//! Why a connection ended, or was none.

use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode::{self, BadUserNameOrPassword, NotAuthorized},
    DisconnectReasonCode::{self, SessionTakenOver},
    MqttError,
};
use std::{fmt, io};

/// Why a connection ended, or was none. Its text is for the log, with the remedy where there is one.
#[derive(Debug)]
pub(super) enum Lost {
    /// The network's or the encryption's doing.
    Io(io::Error),
    /// The broker did not answer in time.
    Silent,
    /// The broker does not let the hub in.
    Refused(ConnectReasonCode),
    /// The broker does not know MQTT 5.
    Older,
    /// The broker said goodbye.
    SentAway(DisconnectReasonCode),
    /// The broker broke a rule of the protocol.
    Protocol(MqttError),
    /// What the hub has to say of itself cannot be said in MQTT.
    Unspeakable(MqttError),
    /// The hub wanted it.
    Done,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<MqttError> for Lost {
    fn from(error: MqttError) -> Self {
        Self::Protocol(error)
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Silent => f.write_str("the broker does not answer"),
            Self::Refused(BadUserNameOrPassword | NotAuthorized) => {
                f.write_str("the broker refuses the hub: check mqtt.username and mqtt.password_file")
            }
            Self::Refused(reason) => write!(f, "the broker refuses the hub: {reason}"),
            Self::Older => f.write_str("the broker does not know MQTT 5, which the hub needs"),
            Self::SentAway(SessionTakenOver) => f.write_str(
                "another client has come with the hub's client id: of two hubs at one broker, give one another mqtt.client_id",
            ),
            Self::SentAway(reason) => write!(f, "the broker ended the connection: {reason}"),
            Self::Protocol(error) => write!(f, "the broker sent what is not MQTT 5: {error}"),
            Self::Unspeakable(error) => {
                write!(f, "mqtt.client_id, mqtt.username, the password or mqtt.prefix does not fit into MQTT: {error}")
            }
            Self::Done => f.write_str("the hub ends it"),
        }
    }
}

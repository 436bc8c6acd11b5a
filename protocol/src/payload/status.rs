//! The retained word that says whether a device is there.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Payload of the `status` topic, as plain text. The broker publishes `offline` as the agent's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Status {
    /// The agent is connected.
    Online,
    /// It said goodbye, or the broker noticed that it is gone.
    Offline,
}

/// Neither `online` nor `offline`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a status is \"online\" or \"offline\", not {0:?}")]
pub struct UnknownStatus(String);

impl Status {
    /// The payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Online => "online",
            Status::Offline => "offline",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        match text {
            "online" => Ok(Status::Online),
            "offline" => Ok(Status::Offline),
            other => Err(UnknownStatus(other.chars().take(40).collect())),
        }
    }
}

//! Requests to an agent and what became of them.

use super::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Payload of the `command` topic. Never retained: a command is for now or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Command {
    /// Version of the contract.
    pub version: Version,
    /// Chosen by who asks; the result carries it, and a second command with the same id is refused.
    pub id: String,
    /// What to do.
    pub name: CommandName,
    /// Arguments by name, all numbers: what they mean depends on the command.
    #[serde(default)]
    pub arguments: BTreeMap<String, f64>,
    /// Milliseconds since 1970-01-01 UTC after which the command must not be carried out.
    pub expires_ms: i64,
}

/// What an agent can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CommandName {
    /// Show which Pi it is, by a blinking light.
    Identify,
    /// Switch an output.
    SetOutput,
    /// Change the interval between samples.
    SetInterval,
    /// Sample at once.
    ReadNow,
    /// End, to be started again by the service manager.
    Restart,
    /// What a newer program asks for. Refused.
    #[serde(other)]
    Unknown,
}

/// Payload of the `result` topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandResult {
    /// Version of the contract.
    pub version: Version,
    /// Id of the command.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// One line for people; empty when there is nothing to add.
    #[serde(default)]
    pub message: String,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Carried out.
    Done,
    /// Not carried out, on purpose: not enabled, expired, repeated or unknown.
    Refused,
    /// Tried, without success.
    Failed,
}

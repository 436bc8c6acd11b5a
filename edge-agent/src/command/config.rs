//! Which commands a device obeys.

use protocol::CommandName;
use serde::Deserialize;

/// Commands over MQTT. None is obeyed unless it is named here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommandsConfig {
    /// The commands that are obeyed.
    pub enabled: Vec<EnabledCommand>,
    /// Whether expiry is judged by a clock that the kernel does not call synchronised: for a machine with a
    /// battery-backed clock and no time server. Without it such a machine refuses every command.
    pub trust_clock: bool,
}

impl CommandsConfig {
    /// Whether a command is obeyed.
    pub fn allows(&self, name: CommandName) -> bool {
        self.enabled.iter().any(|enabled| CommandName::from(*enabled) == name)
    }
}

/// A command that can be enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnabledCommand {
    /// Blink.
    Identify,
    /// Switch relays.
    SetOutput,
    /// Change the interval between samples.
    SetInterval,
    /// Sample at once.
    ReadNow,
    /// End, to be started again.
    Restart,
}

impl From<EnabledCommand> for CommandName {
    fn from(enabled: EnabledCommand) -> Self {
        match enabled {
            EnabledCommand::Identify => Self::Identify,
            EnabledCommand::SetOutput => Self::SetOutput,
            EnabledCommand::SetInterval => Self::SetInterval,
            EnabledCommand::ReadNow => Self::ReadNow,
            EnabledCommand::Restart => Self::Restart,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_unless_named() {
        let none: CommandsConfig = toml::from_str("").unwrap();
        assert!(!none.allows(CommandName::Identify) && !none.allows(CommandName::Unknown));
        let some: CommandsConfig = toml::from_str("enabled = ['identify', 'set_output']").unwrap();
        assert!(some.allows(CommandName::SetOutput) && !some.allows(CommandName::Restart));
    }

    #[test]
    fn a_word_that_is_no_command_is_named_with_those_that_are() {
        let error = toml::from_str::<CommandsConfig>("enabled = ['reboot']").unwrap_err().to_string();
        assert!(error.contains("reboot") && error.contains("`restart`"), "{error}");
    }
}

//! Identifiers, valid once they exist: whoever holds one need not check it again.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, str::FromStr};

/// Longest identifier, in bytes. Long enough for a host name label, short enough for every topic.
const MAX_LENGTH: usize = 64;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("an id must not be empty")]
    Empty,
    /// Longer than 64 bytes.
    #[error("an id has at most {MAX_LENGTH} characters, this one has {0}")]
    TooLong(usize),
    /// A character that would break topics, file names or Home Assistant's object ids.
    #[error(
        "an id is made of letters, digits, '-' and '_', and starts with a letter or digit; {0:?} is none"
    )]
    BadCharacter(char),
}

fn check(text: &str) -> Result<(), IdError> {
    let first = text.chars().next().ok_or(IdError::Empty)?;
    if text.len() > MAX_LENGTH {
        return Err(IdError::TooLong(text.len()));
    }
    if !first.is_ascii_alphanumeric() {
        return Err(IdError::BadCharacter(first));
    }
    match text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        Some(bad) => Err(IdError::BadCharacter(bad)),
        None => Ok(()),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        #[cfg_attr(
            feature = "schema",
            derive(schemars::JsonSchema),
            schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"))
        )]
        pub struct $name(String);

        impl $name {
            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// One Pi with an agent. It is a level of every topic, so it has neither `/` nor a wildcard.
    DeviceId
}
id! {
    /// One run of an agent: a restart of the agent or of the Pi begins a new one. Sequence numbers and
    /// monotonic times compare only within one.
    BootId
}
id! {
    /// One sensor of a device, such as `cpu` or `outdoor`.
    SensorId
}

impl DeviceId {
    /// The id that a host name suggests: lower case, with what an id cannot hold turned into `-`.
    ///
    /// # Errors
    /// When nothing usable is left.
    pub fn from_hostname(hostname: &str) -> Result<Self, IdError> {
        let label = hostname.split('.').next().unwrap_or_default();
        let mapped: String = label
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' })
            .take(MAX_LENGTH)
            .collect();
        mapped.trim_matches(['-', '_']).parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_a_topic_separator_or_wildcard_is_refused() {
        for (text, bad) in [("a/b", '/'), ("a+", '+'), ("#", '#'), ("$SYS", '$'), ("caf\u{e9}", '\u{e9}')] {
            assert_eq!(text.parse::<DeviceId>(), Err(IdError::BadCharacter(bad)), "{text}");
        }
        assert_eq!("".parse::<DeviceId>(), Err(IdError::Empty));
        assert_eq!("x".repeat(65).parse::<DeviceId>(), Err(IdError::TooLong(65)));
        assert!("x".repeat(64).parse::<DeviceId>().is_ok());
    }

    #[test]
    fn deserialising_checks_too() {
        let error = serde_json::from_str::<DeviceId>(r#""roof/1""#).unwrap_err().to_string();
        assert!(error.contains("'/' is none"), "{error}");
    }

    #[test]
    fn host_names_become_ids() {
        assert_eq!(DeviceId::from_hostname("Green House.local").unwrap().as_str(), "green-house");
        assert_eq!(DeviceId::from_hostname("_pi_").unwrap().as_str(), "pi");
        assert_eq!(DeviceId::from_hostname("..."), Err(IdError::Empty));
    }
}

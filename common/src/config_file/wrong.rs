//! What reading a value can find wrong with it, kept in parts so that it can be told in plain words.

use super::node::Step;
use serde::de::{self, Unexpected};
use std::fmt::{self, Display};

/// One mistake.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wrong {
    /// The way to it, from the inside out while the reading unwinds.
    pub(super) path: Vec<Step>,
    pub(super) what: What,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// Another type of value: what stands there, and what the reader asks for.
    Type {
        found: &'static str,
        expected: String,
    },
    /// The right type, but not this value.
    Value {
        found: String,
        expected: String,
    },
    UnknownKey {
        known: &'static [&'static str],
    },
    UnknownWord {
        word: String,
        known: &'static [&'static str],
    },
    Missing {
        key: &'static str,
    },
    /// In the words of whoever refused it.
    Said(String),
}

impl Wrong {
    pub(super) fn new(what: What) -> Self {
        Self { path: Vec::new(), what }
    }

    /// One step further out.
    pub(super) fn within(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string().lines().map(str::trim).collect::<Vec<_>>().join(", ");
        // A struct with flattened parts tells an unknown key in no other way.
        match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
            Some((key, _)) => Self::unknown_field(key, &[]),
            None => Self::new(What::Said(message)),
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "true or false",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
            Unexpected::Float(_) => "a number with a fraction",
            Unexpected::Str(_) | Unexpected::Char(_) => "a text",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a table",
            _ => "something else",
        };
        Self::new(What::Type { found, expected: expected.to_string() })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Float(number) => number.to_string(),
            other => other.to_string(),
        };
        Self::new(What::Value { found, expected: expected.to_string() })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownWord { word: word.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self { path: vec![Step::Key(key.to_owned())], what: What::UnknownKey { known } }
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(What::Missing { key })
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.what, f)
    }
}

impl std::error::Error for Wrong {}

//! Reading a TOML file into a config layer, with errors of one line that say where and what to do.

use confique::Layer as _;
use serde::de::DeserializeOwned;
use std::{fs, io, path::Path};

/// Why a config file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// Not readable.
    #[error("cannot read the config file {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Not TOML, a key that does not exist, or a value that cannot be.
    #[error("{path}:{line}: {message}")]
    Wrong {
        /// The file.
        path: String,
        /// Line in the file, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A value from the environment that cannot be, or one that is missing.
    #[error("{0}")]
    Value(String),
}

impl ConfigFileError {
    /// What went wrong when the layers were put together, in one line.
    fn value(error: &confique::Error) -> Self {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
        let text: Vec<String> = causes.map(ToString::to_string).collect();
        Self::Value(text.join(": ").lines().map(str::trim).collect::<Vec<_>>().join(" "))
    }
}

/// Puts a configuration together: what the command line says, over the environment, over the file, over
/// the defaults. Without a `path`, the file at `usual` is read if it is there.
///
/// # Errors
/// When the file cannot be read, or any layer holds something that cannot be.
pub fn layered<C>(path: Option<&Path>, usual: &Path, command_line: C::Layer) -> Result<C, ConfigFileError>
where
    C: confique::Config<Layer: DeserializeOwned>,
{
    let file = match path {
        Some(path) => load(path)?,
        None if usual.exists() => load(usual)?,
        None => C::Layer::empty(),
    };
    let config = C::builder().preloaded(command_line).env().preloaded(file).load();
    config.map_err(|error| ConfigFileError::value(&error))
}

/// Reads a config file.
///
/// # Errors
/// When it cannot be read, or holds something that the config does not know.
pub fn load<L: DeserializeOwned>(path: &Path) -> Result<L, ConfigFileError> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigFileError::Unreadable { path: name.clone(), source })?;
    parse(&name, &text)
}

/// Reads a config file's text; `name` stands in errors.
///
/// # Errors
/// When the text holds something that the config does not know.
pub fn parse<L: DeserializeOwned>(name: &str, text: &str) -> Result<L, ConfigFileError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        ConfigFileError::Wrong { path: name.to_owned(), line, message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use confique::Config as _;

    #[derive(Debug, confique::Config)]
    #[config(layer_attr(serde(deny_unknown_fields)))]
    struct Outer {
        #[config(default = 5)]
        interval_seconds: u64,
        #[config(nested)]
        mqtt: Inner,
    }

    #[derive(Debug, confique::Config)]
    #[config(layer_attr(serde(deny_unknown_fields)))]
    struct Inner {
        url: crate::broker_url::BrokerUrl,
    }

    fn error(text: &str) -> String {
        parse::<<Outer as confique::Config>::Layer>("edgewise.toml", text)
            .err()
            .expect("it is wrong")
            .to_string()
    }

    #[test]
    fn an_error_names_line_and_remedy() {
        let typo = error("interval_seconds = 5\n[mqtt]\nurll = \"mqtt://hub\"\n");
        assert_eq!(typo, "edgewise.toml:3: unknown field `urll`, expected `url`");
        let address = error("[mqtt]\nurl = \"hub\"\n");
        assert!(
            address.starts_with("edgewise.toml:2: \"hub\" is no broker address: write mqtt://"),
            "{address}"
        );
        assert!(error("interval_seconds = \"5\"\n").starts_with("edgewise.toml:1: invalid type: string"));
        assert!(error("a = = 1").starts_with("edgewise.toml:1: "));
    }

    #[test]
    fn a_sound_file_is_read() {
        let layer =
            parse::<<Outer as confique::Config>::Layer>("x", "[mqtt]\nurl = \"mqtt://hub\"\n").unwrap();
        let config = Outer::builder().preloaded(layer).load().unwrap();
        assert_eq!((config.interval_seconds, config.mqtt.url.port), (5, 1883));
    }
}

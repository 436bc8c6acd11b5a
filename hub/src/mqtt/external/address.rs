//! Where the broker is.

use std::fmt;
use std::str::FromStr;

/// Why a text is no broker URL. The text itself is left out: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL at all.
    #[error("mqtt.url is not a URL ({0}): write it like mqtt://broker.local:1883")]
    NoUrl(String),
    /// Neither mqtt nor mqtts.
    #[error("mqtt.url starts with {0:?}: use mqtt:// or, for TLS, mqtts://")]
    Scheme(String),
    /// No host in it.
    #[error("mqtt.url names no host: write it like mqtt://broker.local:1883")]
    NoHost,
    /// User or password in it, which would end up in process lists and logs.
    #[error("mqtt.url holds a user or password: put them into mqtt.user and mqtt.password")]
    Credentials,
    /// Something after the port.
    #[error("mqtt.url goes on after the port: a broker has no path, write it like mqtt://broker.local:1883")]
    Path,
}

/// A broker's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = url::Url::parse(text).map_err(|error| AddressError::NoUrl(error.to_string()))?;
        let tls = match url.scheme() {
            "mqtt" => false,
            "mqtts" => true,
            other => return Err(AddressError::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Path);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(AddressError::NoHost)?.to_owned();
        Ok(Self { host, port: url.port().unwrap_or(if tls { 8883 } else { 1883 }), tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.tls { "mqtts" } else { "mqtt" }, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_and_without_a_port() {
        for (url, spelled) in [
            ("mqtt://broker", "mqtt://broker:1883"),
            ("mqtts://broker/", "mqtts://broker:8883"),
            ("mqtt://127.0.0.1:1884", "mqtt://127.0.0.1:1884"),
            ("mqtt://[::1]:1884", "mqtt://[::1]:1884"),
        ] {
            assert_eq!(url.parse::<Address>().unwrap().to_string(), spelled);
        }
    }

    #[test]
    fn what_is_no_broker_url_is_refused_without_repeating_secrets() {
        for (url, error) in [
            ("http://broker", AddressError::Scheme("http".into())),
            ("mqtt://", AddressError::NoHost),
            ("mqtt://hub:s3cret@broker", AddressError::Credentials),
            ("mqtt://broker/path", AddressError::Path),
        ] {
            assert_eq!(url.parse::<Address>(), Err(error), "{url}");
        }
        let error = "hub:s3cret broker".parse::<Address>().unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}

//! The address of an MQTT broker.

use std::{fmt, str::FromStr};

/// Where a broker is, and whether the way there is encrypted. It holds no password: an address is shown
/// in logs and process lists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct BrokerUrl {
    /// `mqtts` rather than `mqtt`.
    pub tls: bool,
    /// Name or address, an IPv6 address without its brackets.
    pub host: String,
    /// Port, 1883 or with TLS 8883 unless given.
    pub port: u16,
}

/// Why a text is no broker's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// Not of the form at all.
    #[error("{0:?} is no broker address: write mqtt://HOST, mqtt://HOST:PORT or mqtts://HOST for TLS")]
    Malformed(String),
    /// User or password in the address.
    #[error(
        "the broker address holds a user or password, which others could read: set username and password_file (or EDGEWISE_MQTT_PASSWORD) instead"
    )]
    Credentials,
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, BrokerUrlError> {
        if text.contains('@') {
            return Err(BrokerUrlError::Credentials);
        }
        let malformed = || BrokerUrlError::Malformed(text.to_owned());
        let uri: http::Uri = text.parse().map_err(|_| malformed())?;
        let tls = match uri.scheme_str() {
            Some("mqtt") => false,
            Some("mqtts") => true,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port_is_sound =
            authority.port().is_some() == authority.as_str()[authority.host().len()..].contains(':');
        if host.is_empty() || !port_is_sound || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(malformed());
        }
        let port = authority.port_u16().unwrap_or(if tls { 8883 } else { 1883 });
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = BrokerUrlError;
    fn try_from(text: String) -> Result<Self, BrokerUrlError> {
        text.parse()
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, written) in [
            ("mqtt://hub", "mqtt://hub:1883"),
            ("mqtt://hub/", "mqtt://hub:1883"),
            ("mqtts://hub.example", "mqtts://hub.example:8883"),
            ("mqtt://10.0.2.2:18883", "mqtt://10.0.2.2:18883"),
            ("mqtt://[::1]:1884", "mqtt://[::1]:1884"),
        ] {
            assert_eq!(text.parse::<BrokerUrl>().unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_gets_the_remedy() {
        for text in [
            "",
            "hub",
            "hub:1883",
            "http://hub",
            "mqtt://",
            "mqtt://hub:x",
            "mqtt://hub:99999",
            "mqtt://hub/topic",
            "mqtt:// hub",
            "mqtt://hub?x=1",
        ] {
            let error = text.parse::<BrokerUrl>().expect_err(text);
            assert!(error.to_string().contains("write mqtt://HOST"), "{error}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = "mqtt://me:hunter2@hub".parse::<BrokerUrl>().unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("password_file"), "{error}");
    }
}

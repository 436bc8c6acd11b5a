//! How the database is reached.

use super::{session::Session, trouble, url::StoreUrl, wire::Wire};
use crate::store::StoreError;
use common::{
    secret::Secret,
    tls::{self, TlsError},
};
use std::{path::Path, time::Duration};
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a connection, unless the address says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// When a connection on which nothing is heard is asked for a sign of life, and how often.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// How long the server's machine may leave unacknowledged what was sent, and the server a statement unanswered before it is
/// asked whether it is at work, unless the address says otherwise.
const SILENCE: Duration = Duration::from_secs(10);

/// Which database, and how it is reached.
#[derive(Clone)]
pub struct Settings {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    shown: String,
}

impl Settings {
    /// Of an address; the password takes the place of the one in it. For TLS the certificates in `ca_file` are
    /// trusted, or else those that the machine trusts.
    ///
    /// # Errors
    /// When there is no usable certificate to trust.
    pub fn new(url: &StoreUrl, password: Option<&Secret>, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let mut config = url.config.clone();
        if let Some(password) = password {
            config.password(password.expose());
        }
        if config.get_application_name().is_none() {
            config.application_name("edgewise hub");
        }
        if config.get_connect_timeout().is_none_or(Duration::is_zero) {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE / 2).keepalives_retries(3);
        if config.get_tcp_user_timeout().is_none_or(Duration::is_zero) {
            config.tcp_user_timeout(SILENCE);
        }
        let tls = url.tls.then(|| tls::client(ca_file).map(MakeRustlsConnect::new)).transpose()?;
        Ok(Self { config, tls, shown: url.to_string() })
    }

    /// The database, without user and password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// How long a statement may be unanswered before the server is asked about it.
    pub(super) fn silence(&self) -> Duration {
        self.config.get_tcp_user_timeout().copied().unwrap_or(SILENCE)
    }

    /// How long a server may take from the first attempt to reach it until it has let us in.
    pub(super) fn greeting(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1);
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT) * hosts + self.silence() / 2
    }

    pub(super) async fn connect(&self) -> Result<(Client, Wire), Error> {
        Ok(match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                (client, Wire::new(connection))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, Wire::new(connection))
            }
        })
    }

    /// A connection, or in one line why there is none.
    pub(super) fn session(&self) -> Result<Session, StoreError> {
        Session::open(self).map_err(|error| {
            let (database, reason) = (self.shown.clone(), trouble::line(&error));
            match () {
                () if trouble::is_tls(&error) => StoreError::Plain { database, reason },
                () if trouble::is_gone(&error) => StoreError::Unreachable { database, reason },
                () => StoreError::Refused { database, reason },
            }
        })
    }
}

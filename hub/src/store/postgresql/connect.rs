//! How the database is reached.

use super::{session::Session, trouble, url::StoreUrl};
use crate::store::StoreError;
use common::{
    secret::Secret,
    tls::{self, TlsError},
};
use postgres::{Client, Error, NoTls};
use std::{path::Path, time::Duration};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a connection, unless the address says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// When a connection on which nothing is heard is asked for a sign of life, and how often.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// How long what was sent may stay unacknowledged by the server's machine.
const SILENCE: Duration = Duration::from_secs(20);

/// Which database, and how it is reached.
pub struct Settings {
    config: postgres::Config,
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
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE / 2).keepalives_retries(3);
        config.tcp_user_timeout(SILENCE);
        // "relation exists, skipping" and the like.
        config.notice_callback(|_| {});
        let tls = url.tls.then(|| tls::client(ca_file).map(MakeRustlsConnect::new)).transpose()?;
        Ok(Self { config, tls, shown: url.to_string() })
    }

    /// The database, without user and password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn connect(&self) -> Result<Client, Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
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

//! Who may ask: whoever knows the password, or without one, whoever is on this machine.

use super::{Problem, Shared};
use crate::{clock, complaints::Complaints};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// How long a wrong password waits for its answer.
const FAILURE_DELAY: Duration = Duration::from_secs(1);
/// Wrong passwords that wait at a time; more wait for these first.
const MAX_FAILURES: usize = 64;
/// Wrong passwords from one address are logged once in this time, in milliseconds.
const COMPLAINT_INTERVAL_MS: u64 = 60_000;

/// A password that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the panel password is empty: choose one, or leave it out and reach the hub from this machine only")]
pub struct EmptyPassword;

/// The panel's password. Only its hash is kept, so it cannot slip into a log.
#[derive(Clone)]
pub struct Password([u8; 32]);

impl Password {
    /// From the text in the configuration.
    ///
    /// # Errors
    /// When it is empty, and so would let everybody in.
    pub fn new(text: &str) -> Result<Self, EmptyPassword> {
        if text.is_empty() { Err(EmptyPassword) } else { Ok(Self(Sha256::digest(text).into())) }
    }

    /// Takes the same time whatever is wrong about `text`, its length included.
    fn is(&self, text: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(text).into();
        self.0.ct_eq(&digest).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Slows down those who guess.
pub(super) struct Guard {
    failures: Semaphore,
    complaints: Mutex<Complaints<IpAddr>>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            failures: Semaphore::new(MAX_FAILURES),
            complaints: Mutex::new(Complaints::new(COMPLAINT_INTERVAL_MS)),
        }
    }
}

/// Lets a request through, or answers it itself.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(password) = &shared.api.password else {
        // A page of somebody else may point a name of its own at 127.0.0.1 and read what is here.
        if is_this_machine(request.headers()) {
            return next.run(request).await;
        }
        let detail = "without a panel password the hub answers to localhost and 127.0.0.1 only: \
                      use one of these in the address, or configure a password";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    };
    let is_open = match request.uri().path() {
        "/healthz" | "/readyz" => true,
        "/metrics" | "/metrics/devices" => shared.api.open_metrics,
        _ => false,
    };
    if is_open {
        return next.run(request).await;
    }
    match given(request.headers()) {
        Some(text) if password.is(&text) => next.run(request).await,
        Some(_) => {
            shared.guard.fail(peer.ip()).await;
            denied("wrong password")
        }
        None => denied("a password is needed; any user name will do"),
    }
}

impl Guard {
    async fn fail(&self, peer: IpAddr) {
        let said = self.complaints.lock().note(peer, clock::now_ms());
        if let Some(more) = said {
            tracing::warn!(%peer, more, "wrong panel password");
        }
        // The semaphore is never closed.
        let _turn = self.failures.acquire().await;
        tokio::time::sleep(FAILURE_DELAY).await;
    }
}

/// The password of an HTTP Basic header; an empty one of a header that cannot be read.
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let header = headers.get(header::AUTHORIZATION)?.as_bytes();
    let decode = || {
        let (scheme, encoded) = header.split_at_checked(6)?;
        let pair = BASE64_STANDARD.decode(encoded.trim_ascii()).ok()?;
        let colon = pair.iter().position(|&byte| byte == b':')?;
        scheme.eq_ignore_ascii_case(b"basic ").then(|| pair[colon + 1..].to_vec())
    };
    Some(decode().unwrap_or_default())
}

fn denied(detail: &str) -> Response {
    let ask = [(header::WWW_AUTHENTICATE, r#"Basic realm="Edgewise", charset="UTF-8""#)];
    (ask, Problem::new(StatusCode::UNAUTHORIZED, detail)).into_response()
}

fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    ["localhost", "127.0.0.1", "[::1]"].into_iter().any(|name| {
        let rest = host
            .get(..name.len())
            .filter(|start| start.eq_ignore_ascii_case(name))
            .map(|_| &host[name.len()..]);
        rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn only_names_of_this_machine_are_this_machine() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]", "[::1]:8080"] {
            assert!(is_this_machine(&headers(header::HOST, host)), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost:80@evil", "[::1", ""]
        {
            assert!(!is_this_machine(&headers(header::HOST, host)), "{host}");
        }
        assert!(!is_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn the_password_is_what_follows_the_first_colon() {
        let basic =
            |pair: &str| headers(header::AUTHORIZATION, &format!("basic {}", BASE64_STANDARD.encode(pair)));
        let password = Password::new("a:b").unwrap();
        assert!(password.is(&given(&basic("anybody:a:b")).unwrap()));
        assert!(!password.is(&given(&basic("anybody:a")).unwrap()));
        assert_eq!(given(&headers(header::AUTHORIZATION, "Bearer x")), Some(vec![]));
        assert_eq!(given(&headers(header::AUTHORIZATION, "B")), Some(vec![]));
        assert_eq!(given(&HeaderMap::new()), None);
        assert_eq!(format!("{password:?}"), "Password(..)");
        assert_eq!(Password::new("").unwrap_err(), EmptyPassword);
    }
}

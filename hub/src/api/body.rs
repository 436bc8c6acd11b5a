//! What a request brings along.

use super::Problem;
use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Most bytes of a change: sixteen tags of the widest characters, escaped, with room.
const MAX_BYTES: usize = 16 << 10;
const KINDS: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// The change that a request brings, as JSON.
pub(super) async fn patch<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !KINDS.contains(&kind(request.headers())) {
        let detail = format!("send it as {} with the header Content-Type", KINDS[0]);
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let bytes = to_bytes(request.into_body(), MAX_BYTES).await.map_err(|_| {
        let detail = format!("the request is over {MAX_BYTES} bytes, or was cut off");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    read(&bytes).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("what was sent: {error}")))
}

/// An object. Left to themselves types with fields would take an array of their values too.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let members: Map<String, Value> = serde_json::from_slice(bytes)?;
    T::deserialize(Value::Object(members))
}

/// The kind of content, without its parameters.
fn kind(headers: &HeaderMap) -> &str {
    let whole = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SettingsChange;

    #[test]
    fn only_an_object_is_a_change() {
        assert!(read::<SettingsChange>(b"{}").is_ok());
        for other in ["[null, null]", "[]", "null", "1", "{\"other\": 1}"] {
            assert!(read::<SettingsChange>(other.as_bytes()).is_err(), "{other}");
        }
    }
}

//! What a request brings along.

use super::Problem;
use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;

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
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("what was sent: {error}")))
}

/// The kind of content, without its parameters.
fn kind(headers: &HeaderMap) -> &str {
    let whole = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim()
}

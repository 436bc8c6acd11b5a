//! What a reader has already is not sent again.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Kinds of answers that are worth it. Live ones and figures are never the same twice.
const KINDS: [&str; 3] = ["application/json", "text/csv", "text/html"];
/// Tells the time, and so is never the same twice either.
const NEVER_THE_SAME: &str = "/api/v1/devices";

/// Marks answers by their content, and leaves out the content where the request knows the mark.
pub(super) async fn etag(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if request.method() != Method::GET || path == NEVER_THE_SAME || path == "/readyz" {
        return next.run(request).await;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let (mut parts, body) = next.run(request).await.into_parts();
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_worth_it = KINDS.iter().any(|worth| kind.starts_with(worth));
    if parts.status != StatusCode::OK || !is_worth_it || parts.headers.contains_key(header::ETAG) {
        return Response::from_parts(parts, body);
    }
    // Answers of these kinds are in memory already.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = tag(&Sha256::digest(&body));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    if known.is_some_and(|known| is_known(&HeaderMap::from_iter([(header::IF_NONE_MATCH, known)]), &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

/// A mark for content with this hash. Weak, because compression changes the bytes.
pub(crate) fn tag(hash: &[u8]) -> String {
    let mut tag = String::from("W/\"");
    for byte in hash.iter().take(12) {
        // Writing to memory cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether a request names the mark as known.
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.is_some_and(|list| list.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_in_a_list_and_in_its_strong_form() {
        let asks = |known: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
        for known in ["W/\"ab\"", "\"x\", W/\"ab\"", "\"ab\"", "*"] {
            assert!(is_known(&asks(known), "W/\"ab\""), "{known}");
        }
        for known in ["\"abc\"", "ab", ""] {
            assert!(!is_known(&asks(known), "W/\"ab\""), "{known}");
        }
        assert!(!is_known(&HeaderMap::new(), "W/\"ab\""));
        assert_eq!(tag(&[0xab; 32]), format!("W/\"{}\"", "ab".repeat(12)));
    }
}

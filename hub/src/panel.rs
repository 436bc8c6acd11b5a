//! The panel's files, from the binary; in a debug build from the folder that its build writes.

use crate::api::{Problem, etag};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

// `build.rs` sees to it that a release build follows the folder.
#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Files below it carry a hash of their content in their name.
const HASHED: &str = "assets/";

/// Answers a request for the panel. Addresses within the panel, such as `/devices/roof`, all get its page.
pub(crate) fn answer(path: &str, request: &HeaderMap) -> Response {
    respond(&|name| Files::get(name), path, request)
}

fn respond(get: &dyn Fn(&str) -> Option<EmbeddedFile>, path: &str, request: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    let is_page = !name.starts_with(HASHED) && !name.rsplit('/').next().unwrap_or_default().contains('.');
    let found = if is_page { get(INDEX).map(|f| (INDEX, f)) } else { get(name).map(|f| (name, f)) };
    match found {
        Some((name, file)) => send(name, file, request),
        None if is_page || name == INDEX => not_built(),
        None => Problem::new(StatusCode::NOT_FOUND, format!("the panel has no file {path}")).into_response(),
    }
}

fn send(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let cache = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let etag = etag::tag(&file.metadata.sha256_hash());
    let mut response = if etag::is_known(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = file.metadata.mimetype();
        let is_text = kind.starts_with("text/") || kind == "application/json";
        let kind = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
        let body = match file.data {
            Cow::Borrowed(data) => Body::from(data),
            Cow::Owned(data) => Body::from(data),
        };
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = etag.try_into() {
        headers.insert(header::ETAG, etag);
    }
    response
}

fn not_built() -> Response {
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Edgewise</title>\
        <h1>The panel is not built</h1>\
        <p>The hub runs, and its <a href=/api/v1/devices>API</a> answers, but this binary was built without \
        the panel. In the project's folder run <code>npm ci</code> and <code>npm run build</code> in \
        <code>dashboard/</code>, then build the hub again; or run <code>cargo xtask demo</code>, which does \
        all of it.</p></html>";
    (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        std::fs::write(folder.path().join(INDEX), "<p>panel").unwrap();
        std::fs::write(folder.path().join("assets/app-1a2b.js"), "run()").unwrap();
        folder
    }

    fn get(folder: &tempfile::TempDir, path: &str, request: &HeaderMap) -> Response {
        let read = |name: &str| rust_embed::utils::read_file_from_fs(&folder.path().join(name)).ok();
        respond(&read, path, request)
    }

    #[test]
    fn hashed_files_are_kept_for_ever_and_pages_are_asked_for_again() {
        let folder = folder();
        let script = get(&folder, "/assets/app-1a2b.js", &HeaderMap::new());
        assert_eq!(script.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(script.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        for path in ["/", "/devices/roof", "/index.html"] {
            let page = get(&folder, path, &HeaderMap::new());
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache", "{path}");
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let folder = folder();
        let etag = get(&folder, "/", &HeaderMap::new()).headers()[header::ETAG].clone();
        let request = HeaderMap::from_iter([(header::IF_NONE_MATCH, etag)]);
        assert_eq!(get(&folder, "/", &request).status(), StatusCode::NOT_MODIFIED);
        std::fs::write(folder.path().join(INDEX), "<p>newer").unwrap();
        assert_eq!(get(&folder, "/", &request).status(), StatusCode::OK);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_the_page() {
        let folder = folder();
        for path in ["/favicon.ico", "/assets/app-old.js", "/assets/none"] {
            assert_eq!(get(&folder, path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn without_a_panel_the_page_says_how_to_build_it() {
        let empty = tempfile::tempdir().unwrap();
        let page = get(&empty, "/", &HeaderMap::new());
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }
}

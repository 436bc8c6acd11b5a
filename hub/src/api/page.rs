//! The description of the API as a page for people, written from the document that programs read.

use super::openapi::DOCUMENT;
use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value};
use std::{fmt::Write as _, sync::OnceLock};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color-scheme:light dark}code,h3{font-family:ui-monospace,monospace}h3{margin-top:2.5rem}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;\
    border-top:1px solid #8886}";

/// Its style, in a file of its own because pages here may have none inside.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// The page.
pub(super) async fn page() -> Html<&'static str> {
    static PAGE: OnceLock<String> = OnceLock::new();
    // The document is part of the program, and a test reads it.
    Html(PAGE.get_or_init(|| render(&serde_json::from_str(DOCUMENT).unwrap_or_default())))
}

fn render(document: &Value) -> String {
    let info = &document["info"];
    let mut out = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}: API</title><link rel=stylesheet href=/api/style.css><h1>{title}: API</h1><p>{about}\
         <p>For programs: <a href=/api/openapi.json>openapi.json</a>. The <a href=/>panel</a>.<h2>Requests</h2>",
        title = text(&info["title"]),
        about = text(&info["description"]),
    );
    for (path, methods) in object(&document["paths"]) {
        for (method, operation) in object(methods) {
            request(&mut out, path, &method.to_uppercase(), operation);
        }
    }
    out.push_str("<h2>Documents</h2>");
    for (name, schema) in object(&document["components"]["schemas"]) {
        let _ = write!(out, "<h3 id=\"{0}\">{0}</h3><p>{1}", escape(name), text(&schema["description"]));
        let words = schema["enum"].as_array().into_iter().flatten().map(ToString::to_string);
        let words: Vec<String> = words.chain(one_of(schema)).collect();
        if !words.is_empty() {
            let _ = write!(out, "<p>One of {}.", words.join(", "));
        }
        let properties = object(&schema["properties"])
            .map(|(name, of)| [escape(name), kind(of), text(&of["description"])]);
        table(&mut out, properties);
    }
    out
}

fn request(out: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(out, "<h3>{method} {}</h3><p>{}", escape(path), text(&operation["summary"]));
    let about = operation["description"].as_str().unwrap_or_default();
    about.split("\n\n").for_each(|part| {
        let _ = write!(out, "<p>{}", escape(part));
    });
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let place =
        |of: &Value| if of["required"] == true { text(&of["in"]) + ", required" } else { text(&of["in"]) };
    let row =
        |of: &Value| [text(&of["name"]), place(of) + "<br>" + &kind(&of["schema"]), text(&of["description"])];
    table(out, parameters.map(row));
    let answers = object(&operation["responses"]).map(|(status, answer)| {
        let bodies: Vec<String> = object(&answer["content"])
            .map(|(media, of)| format!("{}<br>{}", escape(media), kind(&of["schema"])))
            .collect();
        [escape(status), bodies.join("<br>"), text(&answer["description"])]
    });
    table(out, answers);
}

fn table(out: &mut String, rows: impl Iterator<Item = [String; 3]>) {
    let rows: String = rows.map(|[a, b, c]| format!("<tr><td><code>{a}</code><td>{b}<td>{c}")).collect();
    if !rows.is_empty() {
        let _ = write!(out, "<table>{rows}</table>");
    }
}

/// What a schema takes, in a few words, with links to named ones.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    let options: Vec<String> = one_of(schema).collect();
    if !options.is_empty() {
        return options.join(" or ");
    }
    let mut kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one),
    };
    if schema["items"].is_object() {
        kinds = format!("{kinds} of {}", kind(&schema["items"]));
    }
    kinds
}

fn one_of(schema: &Value) -> impl Iterator<Item = String> {
    ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten()).map(
        |of| match &of["const"] {
            Value::Null => kind(of),
            word => escape(&word.to_string()),
        },
    )
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_and_document_is_on_the_page_and_every_link_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let page = render(&document);
        for (path, methods) in object(&document["paths"]) {
            for (method, _) in object(methods) {
                let heading = format!("<h3>{} {path}</h3>", method.to_uppercase());
                assert!(page.contains(&heading), "{heading}");
            }
        }
        for (name, _) in object(&document["components"]["schemas"]) {
            assert!(page.contains(&format!("<h3 id=\"{name}\">")), "{name}");
        }
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
        }
        assert!(!page.contains("style=") && !page.contains("<script"), "pages here may have neither inside");
    }

    #[test]
    fn what_the_document_says_is_text_and_no_markup() {
        let document = serde_json::json!({"info": {"title": "<b>\"&"}});
        assert!(render(&document).contains("<h1>&lt;b&gt;&quot;&amp;: API</h1>"));
    }
}

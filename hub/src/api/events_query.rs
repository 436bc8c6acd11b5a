//! Which events are asked for, and how they are to be written.

use super::Problem;
use crate::{
    asked::time::When,
    events::{Filter, Kind, Place},
};
use axum::http::{HeaderMap, StatusCode, header};
use std::fmt::Display;
use utoipa::IntoParams;

/// Most events in one answer.
const MAX_LIMIT: usize = 1000;
/// Events in an answer when nothing else is asked for.
const DEFAULT_LIMIT: usize = 100;
/// Most devices in one question.
const MAX_DEVICES: usize = 100;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) filter: Filter,
    pub(super) limit: usize,
    pub(super) csv: bool,
}

/// As the query names it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the query")]
struct Named {
    /// Id of a device; repeat it for more, up to 100. All devices when left out.
    #[param(value_type = Option<Vec<String>>, explode = true, max_items = 100)]
    device: Vec<String>,
    /// A kind of event; repeat it for more. All kinds when left out.
    #[param(value_type = Option<Vec<Kind>>, explode = true)]
    kind: Vec<Kind>,
    /// Start, included: RFC 3339 (`2026-03-01T00:00:00Z`), or back from the end (`-7d`; s, m, h, d, w).
    #[param(value_type = Option<String>, example = "-24h")]
    from: String,
    /// End, excluded: RFC 3339, `now`, or back from now.
    #[param(value_type = Option<String>, example = "now")]
    to: String,
    /// Start in milliseconds since 1970-01-01 UTC, instead of `from`.
    #[param(value_type = Option<i64>)]
    from_ms: i64,
    /// End in milliseconds since 1970-01-01 UTC, instead of `to`.
    #[param(value_type = Option<i64>)]
    to_ms: i64,
    /// Events in one answer; 100 when left out.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: u16,
    /// Where the page begins: `next_cursor` of the page before it.
    #[param(value_type = Option<String>)]
    cursor: String,
    /// `json` or `csv`; goes before the header `Accept`.
    #[param(value_type = Option<Format>, inline)]
    format: Format,
}

/// How events are written.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only describes the query")]
enum Format {
    Json,
    Csv,
}

impl IntoParams for Question {
    fn into_params(
        parameter_in: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Named::into_params(parameter_in)
    }
}

impl Question {
    /// Reads a query; `now_ms` is what relative times refer to.
    pub(super) fn parse(query: &str, headers: &HeaderMap, now_ms: i64) -> Result<Self, Problem> {
        let mut filter = Filter::default();
        let (mut from, mut to) = (None, None);
        let (mut limit, mut csv) = (DEFAULT_LIMIT, prefers_csv(headers));
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let time = || When::parse(&value).map_err(|error| bad(&name, error));
            let milliseconds = || {
                let number = value.parse().map(When::At);
                number.map_err(|_| bad(&name, "must be whole milliseconds since 1970-01-01 UTC"))
            };
            match name.as_ref() {
                "device" => filter.devices.push(value.parse().map_err(|error| bad(&name, error))?),
                "kind" => {
                    let kind = value.parse().map_err(|error| bad(&name, error))?;
                    if !filter.kinds.contains(&kind) {
                        filter.kinds.push(kind);
                    }
                }
                "from" => from = Some(time()?),
                "to" => to = Some(time()?),
                "from_ms" => from = Some(milliseconds()?),
                "to_ms" => to = Some(milliseconds()?),
                "limit" => {
                    let number = value.parse().ok().filter(|number| (1..=MAX_LIMIT).contains(number));
                    limit = number.ok_or_else(|| bad(&name, format!("must be 1 to {MAX_LIMIT}")))?;
                }
                "cursor" => {
                    let place = place(&value);
                    filter.after = Some(
                        place.ok_or_else(|| bad(&name, "is none: take next_cursor of the page before"))?,
                    );
                }
                "format" => {
                    csv = match value.as_ref() {
                        "csv" => true,
                        "json" => false,
                        _ => return Err(bad(&name, "must be json or csv")),
                    };
                }
                _ => {
                    return Err(bad(
                        &name,
                        "is unknown: there are device, kind, from, to, from_ms, to_ms, limit, cursor and format",
                    ));
                }
            }
        }
        if filter.devices.len() > MAX_DEVICES {
            return Err(bad(
                "device",
                format!("is allowed {MAX_DEVICES} times, not {}", filter.devices.len()),
            ));
        }
        filter.to_ms = to.map(|to| to.resolve(now_ms));
        filter.from_ms = from.map(|from| from.resolve(filter.to_ms.unwrap_or(now_ms)));
        if filter.from_ms.zip(filter.to_ms).is_some_and(|(from, to)| from >= to) {
            return Err(bad("from", "must be before to"));
        }
        Ok(Self { filter, limit, csv })
    }
}

fn place(text: &str) -> Option<Place> {
    let (time_ms, id) = text.split_once('.')?;
    Some(Place { time_ms: time_ms.parse().ok()?, id: id.parse().ok()? })
}

/// Whether the first of our two formats that the reader names is CSV.
fn prefers_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut kinds = accepted.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| matches!(*kind, "text/csv" | "application/json" | "*/*")) == Some("text/csv")
}

fn bad(name: &str, what: impl Display) -> Problem {
    // The name may be anything.
    let name: String = name.chars().take(40).collect();
    Problem::new(StatusCode::BAD_REQUEST, format!("parameter {name}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(query: &str) -> Result<Question, Problem> {
        Question::parse(query, &HeaderMap::new(), 1_000_000)
    }

    #[test]
    fn everything_can_be_asked_for_at_once() {
        let asked = question(
            "device=roof&device=shed&kind=fault&kind=reboot&kind=fault&from=-60s&to=now&limit=7&cursor=5.3&format=csv",
        );
        let filter = Filter {
            devices: vec!["roof".parse().unwrap(), "shed".parse().unwrap()],
            kinds: vec![Kind::Fault, Kind::Reboot],
            from_ms: Some(940_000),
            to_ms: Some(1_000_000),
            after: Some(Place { time_ms: 5, id: 3 }),
        };
        assert_eq!(asked.unwrap(), Question { filter, limit: 7, csv: true });
        let nothing = Question { filter: Filter::default(), limit: 100, csv: false };
        assert_eq!(question("").unwrap(), nothing);
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let many = "device=a&".repeat(101);
        for (query, says) in [
            ("device=a%2Fb", "parameter device: an id is made of"),
            (many.as_str(), "parameter device: is allowed 100 times, not 101"),
            ("kind=death", "parameter kind: \"death\" is no kind of event"),
            ("from=yesterday", "parameter from: \"yesterday\" is no time"),
            ("to=", "parameter to: \"\" is no time"),
            ("to_ms=now", "parameter to_ms: must be whole milliseconds"),
            ("from_ms=5&to_ms=5", "parameter from: must be before to"),
            ("limit=0", "parameter limit: must be 1 to 1000"),
            ("limit=1001", "parameter limit: must be 1 to 1000"),
            ("cursor=5", "parameter cursor: is none"),
            ("format=xml", "parameter format: must be json or csv"),
            ("devices=roof", "parameter devices: is unknown"),
        ] {
            let problem = question(query).unwrap_err();
            assert!(problem.status == 400 && problem.detail.contains(says), "{query}: {problem:?}");
        }
    }

    #[test]
    fn the_header_chooses_the_format_unless_the_query_does() {
        for (accept, csv) in [
            ("text/csv", true),
            ("text/csv;q=0.9, application/json", true),
            ("application/json, text/csv", false),
            ("text/html, */*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(Question::parse("", &headers, 0).unwrap().csv, csv, "{accept}");
            assert!(!Question::parse("format=json", &headers, 0).unwrap().csv);
        }
    }
}

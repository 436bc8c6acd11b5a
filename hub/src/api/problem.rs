//! Errors as `application/problem+json` (RFC 9457).

use crate::store::writer::Unwritten;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, and what to do about it.
    pub detail: String,
    /// Which problem it is, for who says it in words or a language of their own; null where `detail` alone says it.
    #[schema(required)]
    pub code: Option<ProblemCode>,
    /// What `detail` names of this case, by the names that the code tells.
    pub values: BTreeMap<&'static str, String>,
}

/// A problem that stays the same when its text is reworded. What each has in `values`:
///
/// - `unknown_device`: `device`
/// - `device_online`: `device`
/// - `configured`: `setting`
/// - `too_many_days`: `setting`, `days`, `most`
/// - `short_hours`: `hours`, `minutes`
/// - `empty_text`: `what`
/// - `long_text`: `what`, `length`, `most`
/// - `bad_character`: `what`, `character`
/// - `too_many_tags`: `count`, `most`
///
/// `what` is one of `name`, `group` and `tag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// There is no such device.
    UnknownDevice,
    /// The device cannot be forgotten while it is online.
    DeviceOnline,
    /// The store has no time to write; it may do so still.
    StoreBusy,
    /// The store cannot be written, and nothing is changed.
    StoreFailing,
    /// The store cannot be read.
    StoreUnreadable,
    /// The hub's configuration sets it, so it cannot be chosen.
    Configured,
    /// More days than can be chosen.
    TooManyDays,
    /// Hours would be kept shorter than their minutes.
    ShortHours,
    /// Bands that no gauge can have.
    UnsoundBands,
    /// History would be deleted, which was not allowed.
    DeletesHistory,
    /// A text is empty.
    EmptyText,
    /// A text is too long.
    LongText,
    /// A text has a character that is not allowed.
    BadCharacter,
    /// A device has too many tags.
    TooManyTags,
}

impl Problem {
    /// A problem with this HTTP status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            code: None,
            values: BTreeMap::new(),
        }
    }

    /// The same as one that is known by a code.
    #[must_use]
    pub fn code(self, code: ProblemCode) -> Self {
        Self { code: Some(code), ..self }
    }

    /// The same with what it names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.values.insert(name, value.to_string());
        self
    }

    /// A device that the hub does not know.
    pub fn unknown_device(id: &str) -> Self {
        let problem = Self::new(StatusCode::NOT_FOUND, format!("there is no device {id:?}"));
        problem.code(ProblemCode::UnknownDevice).with("device", id)
    }

    /// Something was to be written and is not; `outcome` says what is so now.
    pub fn unwritten(outcome: &str, reason: &Unwritten) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("{outcome}: {reason}"));
        match reason {
            Unwritten::Busy => problem.code(ProblemCode::StoreBusy),
            Unwritten::Failing => problem.code(ProblemCode::StoreFailing),
            Unwritten::Other(_) => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Numbers and text always serialise.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

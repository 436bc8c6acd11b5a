//! What is set for the hub as a whole.

use super::{Problem, ProblemCode, Shared, body, json, read};
use crate::{
    clock,
    settings::{BadSettings, Bands, Chosen, Days, MAX_DAYS, SettingsChange},
    store::{Keep, Oldest, fold::DAY_MS},
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is set for the hub as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// How long summaries are kept one by one, and since when there are any.
    pub minutes: KeptView,
    /// How long their hours are kept, and since when there are any.
    pub hours: KeptView,
    /// Where the bands of gauges begin.
    pub bands: Bands,
}

/// How long one kind of history is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptView {
    /// How long, and who says so.
    #[serde(flatten)]
    pub kept: Days,
    /// Start of the oldest of it, in milliseconds since 1970-01-01 UTC; null while there is none.
    #[schema(required)]
    pub oldest_ms: Option<i64>,
}

/// What is set for the hub as a whole.
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    tag = "settings",
    operation_id = "get_settings",
    responses(
        (status = OK, description = "The settings.", body = SettingsView),
        (status = SERVICE_UNAVAILABLE, description = "The store cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let oldest = oldest(&shared).await?;
    Ok(written(&shared, oldest))
}

/// Change what is set for the hub as a whole.
///
/// A JSON merge patch (RFC 7396): what is left out stays, null goes back to the default. What the hub's configuration
/// sets is changed there only. Whoever watches the stream gets a `settings` event. A shorter time deletes the history that is older, within the hour and for good; where
/// there is such history, `delete_history` must be sent along.
#[utoipa::path(
    patch,
    path = "/api/v1/settings",
    tag = "settings",
    operation_id = "change_settings",
    request_body(content((SettingsChange = "application/json"), (SettingsChange = "application/merge-patch+json"))),
    responses(
        (status = OK, description = "The settings now.", body = SettingsView),
        (status = BAD_REQUEST, description = "It cannot be read, or cannot be.", body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, description = "The configuration decides, or history would be deleted.", body = Problem, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, description = "It is longer than any change can be.", body = Problem, content_type = "application/problem+json"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "It is no JSON.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store is in the way; try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Problem> {
    let change: SettingsChange = body::patch(request).await?;
    let oldest = oldest(&shared).await?;
    // One after another: a change is of what is there when it is made.
    let _turn = shared.changes.lock().await;
    let settings = &shared.api.settings;
    let (before, after) = (settings.chosen(), changed(&shared, &change)?);
    if !change.delete_history {
        let [old, new] = [&before, &after].map(|chosen| settings.keep(chosen));
        if let Some(detail) = loss(&old, &new, oldest, clock::now_ms()) {
            return Err(Problem::new(StatusCode::CONFLICT, detail).code(ProblemCode::DeletesHistory));
        }
    }
    if after != before {
        shared.api.notes.choose(after).await.map_err(|reason| {
            tracing::warn!("settings not changed: {reason}");
            Problem::unwritten("nothing is changed", &reason)
        })?;
        settings.choose(after);
        shared.api.stream.settings(&settings.told());
        let [minutes, hours] = [settings.minutes(&after).days, settings.hours(&after).days];
        tracing::info!(minutes_days = minutes, hours_days = hours, "settings changed");
    }
    Ok(written(&shared, oldest))
}

fn changed(shared: &Shared, change: &SettingsChange) -> Result<Chosen, Problem> {
    shared.api.settings.changed(change).map_err(|error| {
        let bad = Problem::new(StatusCode::BAD_REQUEST, error.to_string());
        match error {
            BadSettings::Configured(name) => {
                let problem = Problem::new(StatusCode::CONFLICT, error.to_string());
                problem.code(ProblemCode::Configured).with("setting", &format!("history.{name}"))
            }
            BadSettings::TooLong(name, days) => {
                let bad = bad.code(ProblemCode::TooManyDays).with("setting", name);
                bad.with("days", &days).with("most", &MAX_DAYS)
            }
            BadSettings::ShortHours { hours, minutes } => {
                bad.code(ProblemCode::ShortHours).with("hours", &hours).with("minutes", &minutes)
            }
            BadSettings::Bands => bad.code(ProblemCode::UnsoundBands),
        }
    })
}

/// What a change would delete, in words; `None` when nothing.
fn loss(before: &Keep, after: &Keep, oldest: Oldest, now_ms: i64) -> Option<String> {
    let tiers = [
        ("minutes", before.minutes_ms, after.minutes_ms, oldest.minutes_ms),
        ("hours", before.hours_ms, after.hours_ms, oldest.hours_ms),
    ];
    let lost: Vec<String> = tiers
        .into_iter()
        .filter_map(|(what, before, after, oldest)| {
            let (after, oldest) = (after?, oldest?);
            let is_shorter = before.is_none_or(|before| after < before);
            let lost_ms = now_ms.saturating_sub(after).saturating_sub(oldest);
            let days = lost_ms.max(0).unsigned_abs().div_ceil(DAY_MS.unsigned_abs());
            (is_shorter && days > 0).then(|| format!("the oldest {days} days of {what}"))
        })
        .collect();
    (!lost.is_empty()).then(|| {
        format!(
            "this deletes {} of every device: send delete_history with it to have it so",
            lost.join(" and ")
        )
    })
}

async fn oldest(shared: &Shared) -> Result<Oldest, Problem> {
    let store = shared.api.store.clone();
    read::from_store(shared, "settings", move || store.oldest()).await
}

fn written(shared: &Shared, oldest: Oldest) -> Response {
    let settings = &shared.api.settings;
    let chosen = settings.chosen();
    let view = SettingsView {
        minutes: KeptView { kept: settings.minutes(&chosen), oldest_ms: oldest.minutes_ms },
        hours: KeptView { kept: settings.hours(&chosen), oldest_ms: oldest.hours_ms },
        bands: settings.bands(),
    };
    // Numbers and words always serialise.
    json(serde_json::to_vec(&view).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(minutes: Option<i64>, hours: Option<i64>) -> Keep {
        let days = |days: i64| days * DAY_MS;
        Keep { minutes_ms: minutes.map(days), hours_ms: hours.map(days), settle_ms: 0 }
    }

    #[test]
    fn a_shorter_time_says_what_it_deletes() {
        let oldest = Oldest { minutes_ms: Some(70 * DAY_MS), hours_ms: None };
        let loss = |before, after| loss(&before, &after, oldest, 100 * DAY_MS);
        let says = loss(keep(Some(30), Some(730)), keep(Some(7), Some(730))).unwrap();
        assert!(says.contains("the oldest 23 days of minutes of every device"), "{says}");
        assert!(loss(keep(None, None), keep(Some(29), None)).unwrap().contains("oldest 1 days"));
        // There is nothing so old, or it is not the change that deletes it.
        assert_eq!(loss(keep(None, None), keep(Some(30), Some(30))), None);
        assert_eq!(loss(keep(Some(7), None), keep(Some(8), None)), None);
        assert_eq!(loss(keep(Some(7), None), keep(None, None)), None);
    }
}

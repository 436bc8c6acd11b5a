//! How far back the history goes.

/// The start of the oldest history of any device, in milliseconds since 1970-01-01 UTC; `None` where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oldest {
    /// Of summaries one by one.
    pub minutes_ms: Option<i64>,
    /// Of their hours.
    pub hours_ms: Option<i64>,
}

//! Points in time, as a table shows them.

use chrono::{DateTime, SecondsFormat};

/// A time as RFC 3339 in UTC, to the millisecond; `None` is beyond the years that it can write.
pub(super) fn format(time_ms: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(time_ms)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(format(1_500).unwrap(), "1970-01-01T00:00:01.500Z");
        assert_eq!(format(i64::MAX), None);
    }
}

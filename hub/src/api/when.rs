//! Points in time, as people and programs write them in a query.

use chrono::{DateTime, SecondsFormat};

/// What a time may look like, for the description of a parameter and for complaints.
pub(super) const FORMS: &str = "milliseconds since 1970-01-01 UTC, RFC 3339 (2026-11-21T08:00:00Z), now, or now less something (-90s, -15m, -24h, -7d, -4w)";

/// Reads a time; `None` is none of the [`FORMS`].
pub(super) fn parse(text: &str, now_ms: i64) -> Option<i64> {
    if text == "now" {
        return Some(now_ms);
    }
    let relative = text.strip_prefix("now").unwrap_or(text);
    if let Some(ago) = relative.strip_prefix('-').and_then(span) {
        return now_ms.checked_sub(ago);
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // '+' stands for a blank in a query, and few remember to write it as %2B.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    Some(time.timestamp_millis())
}

/// A time as RFC 3339 in UTC, to the millisecond; `None` is beyond the years that it can write.
pub(super) fn format(time_ms: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(time_ms)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A number with a unit, in milliseconds.
fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| number.parse::<i64>().ok()?.checked_mul(unit)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_form() {
        let now = 1_000_000_000_000;
        for (text, time) in [
            ("12345", 12_345),
            ("-5", -5),
            ("now", now),
            ("-90s", now - 90_000),
            ("now-15m", now - 900_000),
            ("-24h", now - 86_400_000),
            ("-7d", now - 7 * 86_400_000),
            ("-4w", now - 28 * 86_400_000),
            ("1970-01-01T00:00:01.5Z", 1_500),
            ("1970-01-01T01:00:01+01:00", 1_000),
            ("1970-01-01T01:00:01 01:00", 1_000),
        ] {
            assert_eq!(parse(text, now), Some(time), "{text}");
        }
        for text in
            ["", "-", "d", "-d", "-+5d", "yesterday", "1.5", "-7y", "2026-11-21", "-99999999999999999w"]
        {
            assert_eq!(parse(text, now), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(format(1_500).unwrap(), "1970-01-01T00:00:01.500Z");
        assert_eq!(format(i64::MAX), None);
    }
}

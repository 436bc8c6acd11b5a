//! Times and lengths of time, as people write them.

use chrono::DateTime;

/// The last millisecond of the year 9999, beyond which RFC 3339 does not go.
pub const MAX_MS: i64 = 253_402_300_799_999;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Milliseconds since 1970-01-01 UTC.
    At(i64),
    /// Milliseconds back from a reference: now, or the end.
    Ago(i64),
}

impl When {
    /// Understands RFC 3339, `now`, `-7d` and `now-7d`.
    ///
    /// # Errors
    /// One line that says what it is not, and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let relative = text.strip_prefix("now").unwrap_or(text);
        if relative.is_empty() && !text.is_empty() {
            return Ok(Self::Ago(0));
        }
        if let Some(back) = relative.strip_prefix('-') {
            return length(back).map(Self::Ago);
        }
        // In a query an unescaped "+" is a space: "...T00:00:00 02:00".
        let restored = match text.rsplit_once(' ') {
            Some((time, offset)) if time.contains('T') => format!("{time}+{offset}"),
            _ => text.to_owned(),
        };
        let time = DateTime::parse_from_rfc3339(&restored).map_err(|_| {
            format!("{text:?} is no time: write 2026-03-01T00:00:00Z, now, or -7d for seven days before")
        })?;
        let time_ms = time.timestamp_millis();
        if (0..=MAX_MS).contains(&time_ms) {
            Ok(Self::At(time_ms))
        } else {
            Err(format!("{text:?} is out of range"))
        }
    }

    /// In milliseconds since 1970-01-01 UTC.
    pub fn resolve(self, reference_ms: i64) -> i64 {
        match self {
            Self::At(time_ms) => time_ms,
            Self::Ago(back_ms) => reference_ms.saturating_sub(back_ms).max(0),
        }
    }
}

/// A length of time, `90s` or `2h` say, in milliseconds.
///
/// # Errors
/// One line that says what it is not, and how to write it.
pub fn length(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no length of time: write a number and s, m, h, d or w, 5m say");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit_ms).filter(|ms| (1..=MAX_MS).contains(ms)).ok_or_else(wrong)
}

/// As RFC 3339 in UTC, with milliseconds; beyond its years as a plain number.
pub fn written(time_ms: i64) -> String {
    DateTime::from_timestamp_millis(time_ms)
        .map_or_else(|| time_ms.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_understood() {
        assert_eq!(written(1_500), "1970-01-01T00:00:01.500Z");
        assert_eq!(When::parse(&written(MAX_MS)), Ok(When::At(MAX_MS)));
    }

    #[test]
    fn times_are_understood_as_people_write_them() {
        for (text, when) in [
            ("now", When::Ago(0)),
            ("-7d", When::Ago(7 * 86_400_000)),
            ("now-90s", When::Ago(90_000)),
            ("1970-01-01T00:00:01Z", When::At(1_000)),
            ("1970-01-01T01:00:00.5+01:00", When::At(500)),
            ("1970-01-01T01:00:00 01:00", When::At(0)),
            ("9999-12-31T23:59:59.999Z", When::At(MAX_MS)),
        ] {
            assert_eq!(When::parse(text), Ok(when), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "7d",
            "-7",
            "-d",
            "-0s",
            "now+1h",
            "1969-12-31T23:59:59Z",
            "2026-13-01T00:00:00Z",
            "-99999999999999999w",
        ] {
            let error = When::parse(text).unwrap_err();
            assert!(error.contains("write") || error.contains("out of range"), "{text}: {error}");
        }
    }
}

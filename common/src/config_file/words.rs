//! Mistakes in plain words: what is wrong; what to do.

use super::{node::Value, wrong::What};

/// A word that a wrong one was probably meant to be.
pub(super) fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let near = |known: &&&str| {
        let distance = strsim::osa_distance(&lower, known);
        (distance <= (known.len() / 3).max(1)).then_some(distance)
    };
    let nearest = known.iter().filter(|known| near(known).is_some()).min_by_key(|known| near(known));
    nearest.copied().or_else(|| {
        // `interval` or `interval_ms` for `interval_seconds`, `user` for `username`.
        let head = |word: &str| word.split(['_', '-']).next().unwrap_or_default().to_owned();
        let begins = |known: &str| lower.len() >= 3 && known.starts_with(lower.as_str());
        let mut alike = known.iter().filter(|known| head(known) == head(&lower) || begins(known));
        alike.next().copied().filter(|_| alike.next().is_none())
    })
}

/// What to do about a key that is not known: `known` are those of its table, `elsewhere` is where the
/// configuration has a key of this name.
pub(super) fn unknown_key(key: &str, known: &[&str], elsewhere: Option<&str>) -> String {
    let remedy = match (meant(key, known), elsewhere) {
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, Some("")) => "move it to the top of the file, before the first [table]".to_owned(),
        (None, Some(table)) => format!("move it below [{table}]"),
        (None, None) if known.is_empty() => "leave it out".to_owned(),
        (None, None) => format!("the keys here are {}", known.join(", ")),
    };
    format!("there is no such key; {remedy}")
}

/// What the words about a mistake depend on beside the mistake itself.
pub(super) struct Spot<'a> {
    /// The last key on the way to it.
    pub(super) key: &'a str,
    /// Whether it is an item of a list.
    pub(super) in_list: bool,
    /// The value that stands there.
    pub(super) value: &'a Value,
}

/// The mistake in words.
pub(super) fn tell(what: &What, spot: &Spot<'_>) -> String {
    match what {
        What::UnknownKey { known } => unknown_key(spot.key, known, None),
        What::UnknownWord { word, known } => match meant(word, known) {
            Some(meant) => format!("{word:?} is not known; did you mean {meant:?}?"),
            None => {
                let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
                format!("{word:?} is not known; it takes {}", known.join(", "))
            }
        },
        What::Missing { key } => format!("it is missing; add a line {key} = ..."),
        What::Said(message) => message.clone(),
        What::Value { found, expected } => format!("{found} cannot be; {} belongs here", plain(expected)),
        What::Type { found, expected } => {
            let belongs = plain(expected);
            format!("{found} stands here, but {belongs} belongs here; {}", remedy(found, belongs, spot))
        }
    }
}

/// What to do about a value of another type.
fn remedy(found: &str, belongs: &str, spot: &Spot<'_>) -> String {
    let (key, usual) = (spot.key, || format!("give {belongs}"));
    match (found, belongs) {
        ("a text", _) if means(spot.value, belongs) => "write it without quotes".to_owned(),
        ("a whole number" | "a number with a fraction" | "true or false" | "a date", "a text") => {
            "write it in quotes".to_owned()
        }
        ("a number with a fraction", _) if belongs.starts_with("a whole number") => {
            "leave the fraction out".to_owned()
        }
        (_, "a table") if spot.in_list => format!("write [[{key}]], and its keys below"),
        ("a table", "a list") => format!("write [[{key}]], or a list in [ ]"),
        ("a list", "a table") => format!("write [{key}], with single brackets"),
        (_, "a list") => format!("write {key} = [ ... ]"),
        (_, "a table") => format!("write its keys below [{key}]"),
        _ => usual(),
    }
}

/// Whether a text is what belongs there but for its quotes.
fn means(value: &Value, belongs: &str) -> bool {
    let Value::Text(text) = value else { return false };
    let is_number = || text.parse::<f64>().is_ok() || text.starts_with("0x");
    match belongs {
        "true or false" => matches!(text.as_str(), "true" | "false"),
        number if number.contains("number") => is_number(),
        _ => false,
    }
}

/// What readers ask for, in the words of people who write configurations.
fn plain(expected: &str) -> &str {
    match expected {
        // What a reader into a buffer asks for, before it knows better.
        "any value" => "a text",
        "a string" | "string" | "str" | "path string" => "a text",
        "a boolean" => "true or false",
        "f32" | "f64" | "a float" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") || other.starts_with("internally tagged enum") => "a table",
        other if other.starts_with("enum ") || other.starts_with("variant ") => "a text",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_one_meant() {
        let known = ["url", "username", "password", "password_file", "interval_seconds"];
        for (word, expected) in [
            ("urll", Some("url")),
            ("URL", Some("url")),
            ("usrename", Some("username")),
            ("pasword_file", Some("password_file")),
            ("interval_ms", Some("interval_seconds")),
            ("interval", Some("interval_seconds")),
            ("user", Some("username")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(meant(word, &known), expected, "{word}");
        }
    }
}

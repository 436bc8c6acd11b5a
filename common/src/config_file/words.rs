//! Mistakes in plain words: what is wrong; what to do.

use super::wrong::What;

/// A word that a wrong one was probably meant to be.
pub(super) fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let near = |known: &&&str| {
        let distance = strsim::osa_distance(&lower, known);
        (distance <= (known.len() / 3).max(1)).then_some(distance)
    };
    let nearest = known.iter().filter(|known| near(known).is_some()).min_by_key(|known| near(known));
    nearest.copied().or_else(|| {
        // `interval` or `interval_ms` for `interval_seconds`.
        let head = |word: &str| word.split(['_', '-']).next().unwrap_or_default().to_owned();
        let mut alike = known.iter().filter(|known| head(known) == head(&lower));
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

/// The mistake in words. `key` is the last one on the way to it; `loose` is a text of the environment.
pub(super) fn tell(what: &What, key: &str, loose: bool) -> String {
    match what {
        What::UnknownKey { known } => unknown_key(key, known, None),
        What::UnknownWord { word, known } => match meant(word, known) {
            Some(meant) => format!("{word:?} is not known; did you mean {meant:?}?"),
            None => {
                let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
                format!("{word:?} is not known; it takes {}", known.join(", "))
            }
        },
        What::Missing { key } => format!("it is missing; add a line {key} = ..."),
        What::Said(message) => message.clone(),
        What::Value { found, expected } => {
            format!("{found} cannot be; {} belongs here", plain(expected))
        }
        What::Type { found, expected } => {
            let belongs = plain(expected);
            let remedy = match (*found, belongs) {
                _ if loose => format!("give {belongs}"),
                ("a text", _) if is_bare(belongs) => "write it without quotes".to_owned(),
                ("a whole number" | "a number with a fraction" | "true or false" | "a date", "a text") => {
                    "write it in quotes".to_owned()
                }
                ("a number with a fraction", _) if is_bare(belongs) => "leave the fraction out".to_owned(),
                ("a table", "a list") => format!("write [[{key}]], or a list in [ ]"),
                ("a list", "a table") => format!("write [{key}], with single brackets"),
                (_, "a list") => format!("write {key} = [ ... ]"),
                (_, "a table") => format!("write its keys below [{key}]"),
                _ => format!("give {belongs}"),
            };
            format!("{found} stands here, but {belongs} belongs here; {remedy}")
        }
    }
}

fn is_bare(expected: &str) -> bool {
    expected == "true or false" || expected == "a number" || expected.starts_with("a whole number")
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

/// The parser's own words on what is no TOML, made whole with what to do.
pub(super) fn syntax(message: &str) -> String {
    let said = message.split(", expected ").next().unwrap_or_default();
    let said = said.lines().map(str::trim).collect::<Vec<_>>().join(", ");
    let has = |part: &str| said.contains(part);
    let remedy = if has("duplicate key") {
        "leave one of them out, or put both together"
    } else if has("string values must be quoted") || has("invalid float") {
        "write a text in \"quotes\", and a number without its unit"
    } else if has("key with no value") {
        "write key = value, and begin a comment with #"
    } else if has("unclosed table") {
        "close it with ]"
    } else if has("unclosed array") || has("array elements") {
        "write the list as [1, 2]"
    } else if has("inline table") {
        "write the table as { key = value }"
    } else if has("escaped") {
        "write \\\\ for a backslash, or put the text in 'single quotes'"
    } else if has("basic string") || has("literal string") || has("quote") {
        "close the text with the quote that it begins with"
    } else if has("boolean") {
        "write true or false"
    } else if has("leading zero") || has("number") || has("digits") || has("fraction") || has("mantissa") {
        "write the number as 5, 0.5 or 0x76"
    } else if has("unexpected key or value") {
        "begin a new line, with no comma"
    } else if has("unquoted key") {
        "write the key in letters, digits, _ and -"
    } else {
        "correct the line, or take it out"
    };
    format!("this is no TOML, {said}; {remedy}")
}

/// Whether a mistake of this kind may move the lines that follow it to another table, or swallow them.
pub(super) fn misleads(message: &str) -> bool {
    ["table", "array", "string", "quote"].iter().any(|part| message.contains(part))
        && !message.contains("string values must be quoted")
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
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(meant(word, &known), expected, "{word}");
        }
    }
}

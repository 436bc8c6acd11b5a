//! What is no TOML, in plain words.

/// The parser's own word on a mistake, and what to do about the line that it is on.
pub(super) fn tell(message: &str, line: &str) -> String {
    let said = message.split(", expected ").next().unwrap_or_default();
    let said = said.lines().map(str::trim).collect::<Vec<_>>().join(", ");
    format!("this is no TOML, {said}; {}", remedy(&said, line.trim()))
}

/// Whether a mistake of this kind may move the lines that follow it to another table, or swallow them.
pub(super) fn misleads(message: &str) -> bool {
    ["table", "array", "basic string", "literal string", "duplicate"]
        .iter()
        .any(|part| message.contains(part))
        && !message.contains("string values must be quoted")
}

/// The line often shows better than the parser what was meant.
fn remedy(said: &str, line: &str) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    let value = line.split_once('=').map(|(_, value)| value.trim());
    if line.chars().any(char::is_control) {
        "take the control characters out of the line"
    } else if line.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        "write plain quotes, as a keyboard has them"
    } else if has(&["duplicate key"]) {
        "leave one of them out, or put both together"
    } else if line.starts_with("//") || line.starts_with("--") {
        "begin a comment with #"
    } else if has(&["key with no value", "extra `=`"]) || value == Some("") {
        "write key = value"
    } else if line.starts_with('[') {
        "write [table], or [[table]] where there may be several"
    } else if value.is_some_and(|value| matches!(value.to_lowercase().as_str(), "none" | "null" | "nil")) {
        "leave the line out to set nothing"
    } else if value.is_some_and(|value| {
        matches!(value.to_lowercase().as_str(), "yes" | "no" | "on" | "off" | "true" | "false")
    }) {
        "write true or false"
    } else if has(&["escape", "unicode value"]) {
        "write \\\\ for a backslash, or put the text in 'single quotes'"
    } else if value.is_some_and(is_decimal_comma) {
        "write the number with a point"
    } else if has(&["string values must be quoted"]) {
        "write a text in \"quotes\", and a number without its unit"
    } else if has(&["array"]) {
        "write the list as [1, 2]"
    } else if has(&["inline table"]) {
        "write the table as { key = value }"
    } else if has(&["unquoted key"]) {
        "write the key in letters, digits, _ and -"
    } else if has(&["basic string", "literal string"]) {
        "close the text with the quote that it begins with"
    } else if has(&["leading zero", "number", "digits", "fraction", "mantissa", "radix", "exponent"]) {
        "write the number as 5, 0.5 or 0x76"
    } else if has(&["unexpected key or value"]) {
        "begin a new line, with no comma"
    } else {
        "correct the line, or take it out"
    }
}

fn is_decimal_comma(value: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    value.split_once(',').is_some_and(|(whole, fraction)| digits(whole) && digits(fraction))
}

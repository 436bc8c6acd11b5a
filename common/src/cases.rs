//! Inputs that a fuzzer found worth keeping, many in one file: a line each, with what is no printable ASCII
//! escaped as in a Rust string.

use std::{fs, path::Path};

/// The inputs in a text.
///
/// # Panics
/// When a line is none; the files are part of the source.
pub fn parse(text: &str) -> Vec<Vec<u8>> {
    text.lines().map(|line| unescape(line).unwrap_or_else(|| panic!("no case: {line:?}"))).collect()
}

/// The text of these inputs.
pub fn write(cases: &[Vec<u8>]) -> String {
    cases.iter().map(|case| format!("{}\n", case.escape_ascii())).collect()
}

/// Gives every input of a file to `check`.
///
/// # Panics
/// When there is no such file, or no input in it: nothing would be checked.
pub fn replay(file: &Path, check: impl Fn(&[u8])) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let cases = parse(&text);
    assert!(!cases.is_empty(), "{} has no case", file.display());
    cases.iter().for_each(|case| check(case));
}

fn unescape(line: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), line.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                quoted @ (b'\\' | b'\'' | b'"') => quoted,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_and_a_case_is_a_line() {
        let cases = vec![(0..=255).collect(), Vec::new(), b"{\"a\":1}\\n\n".to_vec()];
        let text = write(&cases);
        assert_eq!(text.lines().count(), 3);
        assert_eq!(parse(&text), cases);
    }

    #[test]
    #[should_panic(expected = "no case")]
    fn a_line_that_ends_in_an_escape_is_told() {
        parse("abc\\x4");
    }
}

//! The words of a command.

use std::num::ParseIntError;

/// A command's words, from left to right.
pub struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub fn new(line: &'a str) -> Self {
        Self { rest: line.trim() }
    }

    /// What is left, as one.
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    fn peek(&self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    /// The next word.
    pub fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_start();
        Some(word)
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        self.peek() == Some(word) && self.next().is_some()
    }

    /// A finite number.
    pub fn number(&mut self, what: &str) -> Result<f64, String> {
        finite(self.next().ok_or(format!("{what}: a number is missing"))?)
    }

    /// A finite number, if one comes next.
    pub fn optional_number(&mut self) -> Option<f64> {
        let number = finite(self.peek()?).ok()?;
        self.next();
        Some(number)
    }

    /// A whole number that fits, in tens or after `0x` in hex.
    pub fn integer<T: TryFrom<u64>>(&mut self, what: &str) -> Result<T, String> {
        let word = self.next().ok_or(format!("{what}: a number is missing"))?;
        let number = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse(),
        };
        let number = number.map_err(|error: ParseIntError| format!("{word}: {error}"))?;
        T::try_from(number).map_err(|_| format!("{word} is too large for {what}"))
    }

    pub fn on_or_off(&mut self) -> Result<bool, String> {
        match self.next() {
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            other => Err(format!("{}: want on or off", other.unwrap_or_default())),
        }
    }

    /// `t=21 p=1013 h=40`, at least one of them, as long as they come.
    pub fn pairs(&mut self) -> Result<Vec<(char, f64)>, String> {
        let mut pairs = Vec::new();
        while let Some(word) = self.peek().filter(|word| word.contains('=') || pairs.is_empty()) {
            let (key, value) = match word.split_once('=') {
                Some(("t", value)) => ('t', value),
                Some(("p", value)) => ('p', value),
                Some(("h", value)) => ('h', value),
                _ => return Err(format!("{word}: want t=, p= or h=")),
            };
            pairs.push((key, finite(value).map_err(|error| format!("{key}={error}"))?));
            self.next();
        }
        if pairs.is_empty() { Err("want t=, p= or h=".to_owned()) } else { Ok(pairs) }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("{}: one word too many", self.rest)) }
    }
}

fn finite(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{word} is no number")),
    }
}

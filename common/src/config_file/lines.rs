//! From a byte of a text to its line.

/// Where the lines of a text begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The text of a line.
    pub(super) fn text(&self, line: usize) -> &'a str {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The line of a byte, from 1. The end of a text that ends in a line break is on its last line.
    pub(super) fn of(&self, byte: usize) -> usize {
        let last = self.text.trim_end_matches(['\n', '\r']).len();
        self.starts.partition_point(|start| *start <= byte.min(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_lines() {
        let lines = Lines::new("a\nbc\n\nd\n");
        assert_eq!([0, 1, 2, 4, 5, 6, 7, 8, 99].map(|byte| lines.of(byte)), [1, 1, 2, 2, 3, 4, 4, 4, 4]);
        assert_eq!([1, 2, 3, 4, 9].map(|line| lines.text(line)), ["a", "bc", "", "d", ""]);
        assert_eq!(Lines::new("").of(0), 1);
    }
}

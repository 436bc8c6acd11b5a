//! What a test run says at its end.

use std::fmt;
use std::time::Duration;

use super::step::Step;

pub(crate) enum Outcome {
    Passed,
    /// Passed, but for the part that the text names.
    PassedExcept(String),
    Failed(String),
}

impl Outcome {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed | Self::PassedExcept(_) => "passed",
            Self::Failed(_) => "FAILED",
        }
    }

    fn remark(&self) -> &str {
        match self {
            Self::Passed => "",
            Self::PassedExcept(text) | Self::Failed(text) => text,
        }
    }
}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<(Step, Outcome, Duration)>,
}

impl Report {
    pub(crate) fn add(&mut self, step: Step, outcome: Outcome, took: Duration) {
        self.rows.push((step, outcome, took));
    }

    pub(crate) fn failed(&self) -> usize {
        self.rows.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_))).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, outcome, took) in &self.rows {
            let row =
                format!("{step:<14} {} {:>7.1} s  {}", outcome.word(), took.as_secs_f64(), outcome.remark());
            writeln!(out, "{}", row.trim_end())?;
        }
        let failed = self.failed();
        write!(out, "{} passed, {failed} failed", self.rows.len() - failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_stands_alone_on_the_last_line() {
        let mut report = Report::default();
        report.add(Step::Fmt, Outcome::Passed, Duration::from_millis(400));
        report.add(Step::Deny, Outcome::PassedExcept("without advisories".into()), Duration::from_secs(2));
        report.add(Step::Tests, Outcome::Failed("exit status: 101".into()), Duration::from_secs(61));
        let expected = "fmt            passed     0.4 s\n\
                        deny           passed     2.0 s  without advisories\n\
                        tests          FAILED    61.0 s  exit status: 101\n\
                        2 passed, 1 failed";
        assert_eq!(report.to_string(), expected);
    }
}

//! What a test run says at its end.

use std::fmt;
use std::time::Duration;

use super::step::Step;
use crate::run::Failed;

pub(crate) enum Outcome {
    Passed,
    /// Passed, but for the part that the text names.
    PassedExcept(String),
    Failed {
        why: String,
        /// The last lines of the program that failed.
        tail: Vec<String>,
    },
}

impl Outcome {
    pub(crate) fn failed(error: &anyhow::Error) -> Self {
        let tail = error.downcast_ref::<Failed>().map_or_else(Vec::new, |failed| failed.tail.clone());
        Self::Failed { why: format!("{error:#}"), tail }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed | Self::PassedExcept(_) => "passed",
            Self::Failed { .. } => "FAILED",
        }
    }

    fn remark(&self) -> &str {
        match self {
            Self::Passed => "",
            Self::PassedExcept(text) | Self::Failed { why: text, .. } => text,
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
        self.rows.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed { .. })).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Far above stands what else they said; this is where people look.
        for (step, outcome, _) in &self.rows {
            if let Outcome::Failed { tail, .. } = outcome
                && !tail.is_empty()
            {
                writeln!(out, "-- the end of {step}:\n{}\n", tail.join("\n"))?;
            }
        }
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
        let failed = Outcome::Failed { why: "exit status: 101".into(), tail: vec!["a panic".into()] };
        report.add(Step::Tests, failed, Duration::from_secs(61));
        let expected = "-- the end of tests:\n\
                        a panic\n\
                        \n\
                        fmt            passed     0.4 s\n\
                        deny           passed     2.0 s  without advisories\n\
                        tests          FAILED    61.0 s  exit status: 101\n\
                        2 passed, 1 failed";
        assert_eq!(report.to_string(), expected);
    }
}

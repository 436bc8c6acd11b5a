//! Failures that carry an exit code: 1 run time, 2 usage or a missing part, 3 an address in use.

use std::fmt;

/// What a command ends with when it cannot go on; every other error exits with 1.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something the machine lacks, or a wrong option.
    Usage(String),
    /// A port that another program holds.
    AddressInUse(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(line) | Self::AddressInUse(line) => out.write_str(line),
        }
    }
}

impl std::error::Error for Failure {}

/// An error for exit code 2.
pub(crate) fn usage(line: impl Into<String>) -> anyhow::Error {
    Failure::Usage(line.into()).into()
}

/// The exit code that an error asks for.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Usage(_)) => 2,
        Some(Failure::AddressInUse(_)) => 3,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_its_code_under_context() {
        let error = Err::<(), _>(Failure::AddressInUse("port 1 is in use".into()));
        let error = anyhow::Context::context(error, "demo").unwrap_err();
        assert_eq!(exit_code(&error), 3);
        assert_eq!(exit_code(&usage("no node")), 2);
        assert_eq!(exit_code(&anyhow::anyhow!("else")), 1);
    }
}

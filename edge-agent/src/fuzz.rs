//! The bodies of the fuzz targets in `fuzz`: each takes any bytes and panics where something does not hold that
//! always must. Tests replay what was found.

pub use crate::{command::fuzz::command, publish::fuzz::heard, spool::fuzz::file};

#[cfg(test)]
mod tests {
    use super::*;
    use common::cases::replay;
    use std::path::PathBuf;

    fn corpus(target: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
    }

    #[test]
    fn commands_that_were_found() {
        replay(&corpus("agent_command"), command);
    }

    #[test]
    fn messages_of_the_broker_that_were_found() {
        replay(&corpus("agent_heard"), heard);
    }

    #[test]
    fn spool_files_that_were_found() {
        replay(&corpus("agent_spool"), file);
    }
}

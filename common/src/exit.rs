//! Exit codes, the same for both programs, so that a service manager and a script can tell them apart.

/// Ended because it was asked to.
pub const CLEAN: u8 = 0;
/// Something failed while running. Trying again may help.
pub const FAILURE: u8 = 1;
/// The command line or the configuration is wrong. Trying again does not help.
pub const USAGE: u8 = 2;
/// Ended to be started again, as a command asked for.
pub const RESTART: u8 = 4;
/// Another program holds the address to listen on.
pub const ADDRESS_IN_USE: u8 = 3;
/// The program that was asked for an answer does not run, or does not answer.
pub const NOT_RUNNING: u8 = 5;

//! The agent: sample -> window -> publish.

pub mod bus;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod control;
pub mod discovery;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod gpio;
pub mod identity;
pub mod output;
pub mod publish;
mod reload;
mod resident;
pub mod run;
pub mod sample;
pub mod scan;
pub mod sensor;
pub mod spool;
pub mod window;

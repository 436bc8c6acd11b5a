//! The agent: sample -> window -> publish.

pub mod bus;
pub mod catalogue;
pub mod clock;
pub mod command;
pub mod config;
pub mod discovery;
pub mod gpio;
pub mod identity;
pub mod output;
pub mod publish;
pub mod run;
pub mod sample;
pub mod scan;
pub mod sensor;
pub mod spool;
pub mod window;

//! The agent: sample -> window -> publish.

pub mod bus;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod identity;
pub mod publish;
pub mod run;
pub mod sample;
pub mod scan;
pub mod sensor;
pub mod spool;
pub mod window;

//! The agent: sample -> window -> publish.

pub mod bus;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod identity;
pub mod publish;
mod reload;
pub mod run;
pub mod sample;
pub mod sensor;
pub mod window;

//! The agent: sample -> window -> publish.

pub mod bus;
pub mod clock;
pub mod sensor;

//! The agent: sample -> window -> publish.

pub mod clock;
pub mod sensor;
pub mod window;

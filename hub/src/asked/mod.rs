//! How people write what they ask for: names with `*` in them, times, lengths of time.

pub mod pattern;
pub mod time;

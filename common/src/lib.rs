//! What both programs stand on and neither is about: reading a config file, secrets, the address of a
//! broker, reconnecting, logs, being asked to stop, how many files may be open, and what an exit code means.

pub mod backoff;
pub mod broker_url;
#[cfg(any(test, feature = "fuzz"))]
pub mod cases;
pub mod config_file;
pub mod exit;
pub mod logs;
pub mod open_files;
pub mod secret;
pub mod stop;
pub mod tls;

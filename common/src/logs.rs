//! Logs: one line an event, to standard error, where a service manager or container picks them up.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` decides what is shown (`info` unless set), for example
/// `RUST_LOG=debug` or `RUST_LOG=warn,hub::ingest=debug`. Colours only on a terminal.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(color).with_target(false);
    logs.with_writer(std::io::stderr).init();
}

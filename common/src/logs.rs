//! Logs: one line an event, to standard error, where a service manager or container picks them up.

use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Starts logging. `RUST_LOG` decides what is shown (`info` unless set), for example
/// `RUST_LOG=debug` or `RUST_LOG=warn,hub::ingest=debug`. Colours only on a terminal.
pub fn init() {
    let wanted = std::env::var("RUST_LOG").ok();
    let (filter, complaint) = filter(wanted.as_deref());
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt().with_ansi(color).with_target(false).with_writer(std::io::stderr);
    // The format shows all, for it is the filter that decides.
    lines.with_max_level(LevelFilter::TRACE).finish().with(filter).init();
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
}

/// What to show, and what is wrong with the wish.
///
/// Targets by name are enough. The filter that also tells spans and fields apart would bring a regular
/// expression engine, a tenth of the agent's size.
fn filter(wanted: Option<&str>) -> (Targets, Option<String>) {
    let usual = || Targets::new().with_default(LevelFilter::INFO);
    match wanted.map(str::parse) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => {
            let complaint =
                format!("RUST_LOG is not understood ({error}); give for example info or warn,hub=debug");
            (usual(), Some(complaint))
        }
        None => (usual(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn levels_are_by_target_and_a_bad_wish_is_told() {
        let (usual, none) = filter(None);
        assert!(usual.would_enable("hub", &Level::INFO) && !usual.would_enable("hub", &Level::DEBUG));
        assert_eq!(none, None);
        let (picked, none) = filter(Some("warn,hub::ingest=debug"));
        assert!(
            picked.would_enable("hub::ingest", &Level::DEBUG) && !picked.would_enable("hub", &Level::INFO)
        );
        assert_eq!(none, None);
        let (usual, complaint) = filter(Some("hub=loud"));
        assert!(usual.would_enable("hub", &Level::INFO));
        assert!(complaint.is_some_and(|text| text.contains("RUST_LOG") && text.contains("hub=debug")));
    }
}

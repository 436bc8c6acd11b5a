//! The steps of a test run and what each needs.

use std::fmt;

use clap::ValueEnum;

use crate::pi::check;

/// One step, declared in the order in which they run: what fails fastest first, but the panel
/// before what compiles the hub that embeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Formatting of the Rust code
    Fmt,
    /// The panel: build, generated types, type check, formatting, unit tests
    Panel,
    /// Lints, warnings denied
    Clippy,
    /// Documentation, warnings denied
    Doc,
    /// Licences, duplicates, sources and advisories of the dependencies
    Deny,
    /// Unit, integration and documentation tests
    Tests,
    /// Faults at random: nothing is lost, nothing is there twice
    Faults,
    /// A browser against a real hub and agent
    Browser,
    /// The hub's API against its own description, by schemathesis
    Api,
    /// Home Assistant against a real agent
    HomeAssistant,
    /// The agent on an emulated Raspberry Pi: faults of a sensor, and of the clock
    Pi,
}

impl Step {
    /// What it is for, in a few words.
    pub(crate) fn purpose(self) -> String {
        self.to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_default()
    }

    /// Programs it calls, with the Debian package that brings each.
    pub(crate) fn programs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Tests => &[
                ("mosquitto", "mosquitto"),
                ("mosquitto_pub", "mosquitto-clients"),
                ("prometheus", "prometheus"),
                ("postgres", "postgresql"),
                ("psql", "postgresql-client"),
            ],
            Self::Faults => &[
                ("mosquitto", "mosquitto"),
                ("mosquitto_sub", "mosquitto-clients"),
                ("sqlite3", "sqlite3"),
                ("faketime", "faketime"),
                ("postgres", "postgresql"),
                ("psql", "postgresql-client"),
            ],
            Self::Browser => &[("chromium", "chromium")],
            Self::HomeAssistant => &[("mosquitto", "mosquitto")],
            Self::Pi => &check::PROGRAMS,
            _ => &[],
        }
    }

    pub(crate) fn compiles_the_hub(self) -> bool {
        matches!(
            self,
            Self::Clippy
                | Self::Doc
                | Self::Tests
                | Self::Faults
                | Self::Browser
                | Self::Api
                | Self::HomeAssistant
        )
    }

    pub(crate) fn needs_node(self) -> bool {
        self.compiles_the_hub() || self == Self::Panel
    }

    fn is_slow(self) -> bool {
        matches!(
            self,
            Self::Doc
                | Self::Deny
                | Self::Faults
                | Self::Browser
                | Self::Api
                | Self::HomeAssistant
                | Self::Pi
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        out.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// The steps to run: all, or the named ones, each once and in the fixed order.
pub(crate) fn plan(named: &[Step], fast: bool) -> Vec<Step> {
    Step::value_variants()
        .iter()
        .copied()
        .filter(|step| named.is_empty() || named.contains(step))
        .filter(|step| !fast || !step.is_slow())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_steps_run_once_and_in_the_fixed_order() {
        assert_eq!(plan(&[Step::Browser, Step::Fmt, Step::Browser], false), [Step::Fmt, Step::Browser]);
    }

    #[test]
    fn nothing_named_means_everything_and_fast_leaves_out_the_slow() {
        assert_eq!(plan(&[], false), Step::value_variants());
        assert_eq!(plan(&[], true), [Step::Fmt, Step::Panel, Step::Clippy, Step::Tests]);
    }

    #[test]
    fn the_panel_is_built_before_the_hub() {
        let plan = plan(&[], false);
        let panel = plan.iter().position(|step| *step == Step::Panel).unwrap();
        let hub = plan.iter().position(|step| step.compiles_the_hub()).unwrap();
        assert!(panel < hub);
    }
}

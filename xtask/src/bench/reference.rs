//! The configuration of collectd that measures what the agent measures, as often.

use std::path::Path;

/// What both programs do by themselves every so many seconds.
const INTERVAL_S: u32 = 5;
const PLUGINS: &[&str] = &["cpu", "memory", "interface", "df", "disk", "load", "swap"];

/// The text of a `collectd.conf` that publishes to a broker on this port of the loopback.
pub(crate) fn collectd_config(dir: &Path, port: u16) -> String {
    let plugins: String = PLUGINS.iter().map(|plugin| format!("LoadPlugin {plugin}\n")).collect();
    let dir = dir.display();
    format!(
        "Hostname \"reference\"\n\
         FQDNLookup false\n\
         Interval {INTERVAL_S}\n\
         BaseDir \"{dir}\"\n\
         PIDFile \"{dir}/collectd.pid\"\n\
         TypesDB \"/usr/share/collectd/types.db\"\n\
         {plugins}\
         LoadPlugin mqtt\n\
         <Plugin cpu>\n  ReportByCpu true\n  ValuesPercentage true\n</Plugin>\n\
         <Plugin mqtt>\n  <Publish \"bench\">\n    Host \"127.0.0.1\"\n    Port {port}\n    QoS 0\n    \
         Prefix \"collectd\"\n  </Publish>\n</Plugin>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_measures_as_often_and_publishes_to_the_same_broker() {
        let config = collectd_config(Path::new("/tmp/x"), 4242);
        assert!(config.contains("\nInterval 5\n"), "{config}");
        assert!(config.contains("    Port 4242\n"), "{config}");
        assert!(config.contains("LoadPlugin swap\nLoadPlugin mqtt\n<Plugin cpu>"), "{config}");
    }
}

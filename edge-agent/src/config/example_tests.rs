//! The commented example: it is a config, it shows the defaults, and it leaves no key out.

use super::*;
use crate::identity::Machine;
use common::config_file::Problems;

const EXAMPLE: &str = include_str!("../../agent.example.toml");
const MARK: &str = "# example";

/// The lines of the example that are settings, without what makes them comments.
fn settings() -> impl Iterator<Item = &'static str> {
    EXAMPLE.lines().filter_map(|line| {
        let setting = line.strip_prefix('#')?;
        setting.starts_with(|c: char| c.is_ascii_lowercase() || c == '[').then_some(setting)
    })
}

fn load(text: &str) -> Result<Sound, Problems> {
    Loader::default().load_text(text, Purpose::Run, &Machine::read())
}

fn lines(text: &str) -> Vec<String> {
    load(text)
        .map_or_else(|problems| problems.0, |sound| sound.warnings)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Not a key of what has to exist on the machine.
fn is_portable(setting: &&str) -> bool {
    !setting.starts_with("ca_file")
}

#[test]
fn with_every_line_taken_in_it_is_a_sound_config() {
    let text: String = settings().filter(is_portable).map(|line| format!("{line}\n")).collect();
    assert_eq!(lines(&text), Vec::<String>::new(), "{text}");
    let config = load(&text).unwrap().config;
    assert_eq!((config.sensor.len(), config.output.len()), (15, 2));
}

#[test]
fn what_is_not_marked_is_the_default() {
    let is_kept = |line: &&str| {
        line.starts_with('[') || line.ends_with(MARK) || line.starts_with("kind") || line.starts_with("role")
    };
    let config = |text: String| format!("{:#?}", load(&text).unwrap().config);
    let with: String = settings().filter(is_portable).map(|line| format!("{line}\n")).collect();
    let without: String =
        settings().filter(is_portable).filter(is_kept).map(|line| format!("{line}\n")).collect();
    assert!(without.lines().count() + 40 < with.lines().count());
    assert_eq!(config(with), config(without));
}

/// What a mistake in `text` makes the agent say that would be right.
fn offered(text: &str, after: &str) -> Vec<String> {
    let lines = lines(text);
    let offer = lines.iter().find_map(|line| line.split_once(after)).unwrap_or_else(|| panic!("{lines:?}")).1;
    offer.split(", ").map(|word| word.trim_matches('"').to_owned()).collect()
}

fn shown(table: &toml::Value, key: &str) -> bool {
    table.get(key).is_some()
}

#[test]
fn no_key_is_left_out() {
    let text: String = settings().map(|line| format!("{line}\n")).collect();
    let example: toml::Value = toml::from_str(&text).unwrap();
    let keys = |table: &str| offered(&format!("{table}\nqqqq = 1"), "the keys here are ");
    let tables: Vec<String> = keys("");
    assert!(tables.len() >= 11, "{tables:?}");
    for table in &tables {
        assert!(shown(&example, table), "{table}");
        if example[table].is_table() {
            for key in keys(&format!("[{table}]")) {
                assert!(shown(&example[table], &key), "{table}.{key}");
            }
        }
    }
    for (list, tag) in [("sensor", "kind"), ("output", "role")] {
        let examples = example[list].as_array().unwrap();
        let of = |word: &str| examples.iter().find(|one| one[tag].as_str() == Some(word));
        // Keys that many kinds have are shown with the first.
        let common: Vec<&toml::Value> = ["bme280", "pulse_counter"].into_iter().filter_map(of).collect();
        for word in offered(&format!("[[{list}]]\n{tag} = 'qqqq'"), "it takes ") {
            let own = of(&word).unwrap_or_else(|| panic!("{list} {word}"));
            for key in keys(&format!("[[{list}]]\n{tag} = '{word}'")) {
                let is_shown = shown(own, &key) || common.iter().any(|common| shown(common, &key));
                assert!(is_shown, "{word}: {key}");
            }
        }
    }
    let channel =
        &example["sensor"].as_array().unwrap().iter().find_map(|one| one.get("channel")).unwrap()[0];
    for key in keys("[[sensor]]\nkind = 'ads1115'\n[[sensor.channel]]") {
        assert!(shown(channel, &key), "channel: {key}");
    }
}

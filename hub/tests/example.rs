//! The commented example of the configuration is what the code says, and a configuration.

use confique::toml::FormatOptions;
use hub::config::{Config, Overrides};

const HEAD: &str = "\
# Configuration of the hub: /etc/edgewise/hub.toml, or the file given with --config.
#
# Every key is here, with its default where it has one; take the # away and change the value to set it. What is
# wrong with the file is told in a line each when the hub starts, and then it does not start. The command line is
# stronger than the environment, and the environment than this file.

";

fn example() -> String {
    let mut options = FormatOptions::default();
    options.general.nested_field_gap = 1;
    let text = confique::toml::template::<Config>(options);
    // Its first lines say what the whole is, and so does the head.
    let keys = text.split_once("\n\n").expect("a first paragraph").1;
    format!("{HEAD}{keys}")
}

#[test]
fn the_checked_in_example_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/hub.example.toml");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, example()).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, example(), "hub.example.toml has drifted; UPDATE=1 writes it anew");
}

/// With the comment signs taken from every key that shows a value.
#[test]
fn with_every_default_taken_in_it_is_the_default() {
    let example = example();
    let settings = example
        .lines()
        .filter_map(|line| line.strip_prefix('#').or_else(|| line.starts_with('[').then_some(line)))
        .filter(|line| line.starts_with('[') || line.contains(" = ") && !line.starts_with(' '));
    let text: String = settings.map(|line| format!("{line}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let load = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("{:#?}", hub::config::load(Some(&path), Overrides::default()).unwrap())
    };
    assert_eq!(load("example.toml", &text), load("empty.toml", ""), "{text}");
    assert!(text.lines().count() > 12, "{text}");
}

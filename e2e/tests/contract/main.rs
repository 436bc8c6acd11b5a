//! The examples of docs/mqtt.md say what running programs say: the same keys, by the schemas. `UPDATE=1`
//! puts what is captured here into the document.

mod capture;
mod examples;

use examples::{Example, examples};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// What depends on the machine. The schema of `birth` knows them.
const OPTIONAL: [&str; 2] = ["model", "serial"];

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn validator(channel: &str) -> jsonschema::Validator {
    let schema = fs::read_to_string(docs().join(format!("schemas/{channel}.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

/// The keys of a message with where each stands, such as `metrics[].name`.
fn keys(value: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter().filter(|(key, _)| !OPTIONAL.contains(&key.as_str())) {
                    let path = format!("{path}.{key}");
                    collect(value, &path, found);
                    found.insert(path);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, &format!("{path}[]"), found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(value, "", &mut found);
    found
}

#[test]
fn the_examples_of_the_contract_are_what_running_programs_say() {
    let captured: BTreeMap<String, Value> = capture::everything();
    if std::env::var_os("UPDATE").is_some() {
        examples::write(&docs().join("mqtt.md"), &captured);
    }
    let text = fs::read_to_string(docs().join("mqtt.md")).unwrap();
    let examples: Vec<Example> = examples(&text);
    let shown: BTreeSet<&str> = examples.iter().map(|example| example.channel.as_str()).collect();
    assert_eq!(shown, captured.keys().map(String::as_str).collect(), "one example of each channel");
    for Example { channel, json } in &examples {
        let validator = validator(channel);
        for (what, message) in [("the example", json), ("a running program", &captured[channel])] {
            let errors: Vec<String> = validator
                .iter_errors(message)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{what} of {channel}: {errors:?}");
        }
        // Said only where the clock of the machine is not kept right, which the test cannot choose.
        let always = |message| {
            let mut keys = keys(message);
            keys.retain(|key| channel == "birth" || !key.ends_with("machine_boot"));
            keys
        };
        assert_eq!(
            always(json),
            always(&captured[channel]),
            "the example of {channel} in docs/mqtt.md (left) is out of date: UPDATE=1 cargo test -p e2e --test contract"
        );
    }
}

#[test]
fn a_schema_refuses_what_is_wrong() {
    let text = fs::read_to_string(docs().join("mqtt.md")).unwrap();
    let state = examples(&text).into_iter().find(|example| example.channel == "state").unwrap().json;
    let validator = validator("state");
    assert!(validator.is_valid(&state));
    for (key, wrong) in [
        ("version", Value::from(2)),
        ("now", serde_json::json!({"cpu_percent": "12"})),
        ("now", serde_json::json!({"CPU": 1.0})),
        ("clock", Value::from("maybe")),
        ("mean", Value::Null),
    ] {
        let mut message = state.clone();
        message[key] = wrong;
        assert!(!validator.is_valid(&message), "{key}: {}", message[key]);
    }
}

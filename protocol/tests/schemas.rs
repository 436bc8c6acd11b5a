//! The published JSON Schemas are those of the types. `UPDATE=1 cargo test -p protocol` writes them anew.

use protocol::{Ack, Backlog, Birth, Command, CommandResult, State, Status, Summary};
use schemars::{JsonSchema, schema_for};
use std::{fs, path::PathBuf};

fn check<T: JsonSchema>(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/schemas/{name}.json"));
    let generated = serde_json::to_string_pretty(&schema_for!(T)).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == generated,
        "docs/schemas/{name}.json is out of date: UPDATE=1 cargo test -p protocol"
    );
}

#[test]
fn published_schemas_are_those_of_the_types() {
    check::<Status>("status");
    check::<Birth>("birth");
    check::<State>("state");
    check::<Summary>("summary");
    check::<Backlog>("backlog");
    check::<Ack>("ack");
    check::<Command>("command");
    check::<CommandResult>("result");
}

//! The checked-in description of the API is what the code says.

use protocol::{Birth, DeviceId, Outcome, State, Summary};
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The routes' description, completed with the schemas of the wire contract, which `OpenAPI` 3.1 takes as
/// they are.
fn document() -> String {
    let mut document = serde_json::to_value(hub::api::document()).unwrap();
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    generator.subschema_for::<DeviceId>();
    generator.subschema_for::<Birth>();
    generator.subschema_for::<State>();
    generator.subschema_for::<Summary>();
    generator.subschema_for::<Outcome>();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in generator.take_definitions(true) {
        assert!(schemas.insert(name.clone(), schema).is_none(), "two schemas are called {name}");
    }
    serde_json::to_string_pretty(&document).unwrap() + "\n"
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn the_checked_in_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let document = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == document,
        "docs/openapi.json is out of date: run `UPDATE=1 cargo test -p hub --test openapi`"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.contains(&"#/components/schemas/Birth"));
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

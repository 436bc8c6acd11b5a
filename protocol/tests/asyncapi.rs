//! The contract as an AsyncAPI document, made from the types. `UPDATE=1 cargo test -p protocol` writes it.

use protocol::{
    Ack, Backlog, Birth, Channel, Command, CommandResult, DeviceId, State, Status, Summary, Topics, Version,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::{fs, path::PathBuf};

/// What a channel carries: what it is for, and the schema of it.
fn payload(channel: Channel, generator: &mut SchemaGenerator) -> (&'static str, Value) {
    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<T>().to_value()
    }
    match channel {
        Channel::Status => {
            ("Whether the agent is connected. Plain text; also its will.", of::<Status>(generator))
        }
        Channel::Birth => {
            ("Who the device is and what it measures, at each connect.", of::<Birth>(generator))
        }
        Channel::State => ("The live values, every interval.", of::<State>(generator)),
        Channel::Summary => ("The record of a minute.", of::<Summary>(generator)),
        Channel::Backlog => ("Summaries that could not be sent in their minute.", of::<Backlog>(generator)),
        Channel::Ack => ("What the hub has committed to disk.", of::<Ack>(generator)),
        Channel::Command => ("A request to the agent.", of::<Command>(generator)),
        Channel::Result => ("What became of a request.", of::<CommandResult>(generator)),
    }
}

/// The document, from where the agent stands: it sends what agents write and receives the rest.
fn document() -> Value {
    let settings = SchemaSettings::draft07().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let topics = Topics::default();
    let device: DeviceId = "device".parse().unwrap();
    let [mut channels, mut operations, mut messages] = [Map::new(), Map::new(), Map::new()];
    for channel in Channel::ALL {
        let name = channel.as_str();
        let (summary, schema) = payload(channel, &mut generator);
        let content_type = if channel == Channel::Status { "text/plain" } else { "application/json" };
        let retained = if channel.retained() { "Retained" } else { "Not retained" };
        let action = if Channel::FROM_AGENT.contains(&channel) { "send" } else { "receive" };
        let address = topics.device(&device, channel).replace("/device/", "/{device}/");
        let message = json!({ "$ref": format!("#/components/messages/{name}") });
        channels.insert(
            name.to_owned(),
            json!({
                "address": address,
                "description": format!("{summary} {retained}, QoS {}.", channel.qos()),
                "parameters": { "device": { "$ref": "#/components/parameters/device" } },
                "messages": { name: message },
            }),
        );
        operations.insert(
            name.to_owned(),
            json!({
                "action": action,
                "summary": summary,
                "channel": { "$ref": format!("#/channels/{name}") },
                "messages": [{ "$ref": format!("#/channels/{name}/messages/{name}") }],
                "bindings": {
                    "mqtt": { "qos": channel.qos(), "retain": channel.retained(), "bindingVersion": "0.2.0" }
                },
            }),
        );
        messages.insert(
            name.to_owned(),
            json!({ "name": name, "summary": summary, "contentType": content_type, "payload": schema }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Edgewise",
            "version": Version::NUMBER.to_string(),
            "description": "What an agent says over MQTT and what it listens to. The first levels of every \
                            topic, `edgewise`, can be configured. In words: mqtt.md beside this file.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "parameters": { "device": { "description": "Id of the device." } },
            "messages": messages,
            "schemas": generator.take_definitions(true),
        },
    })
}

/// Every `$ref` in the document.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn the_published_document_is_that_of_the_types() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.json");
    let generated = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == generated, "docs/asyncapi.json is out of date: UPDATE=1 cargo test -p protocol");
}

#[test]
fn every_reference_leads_somewhere() {
    let (document, mut found) = (document(), Vec::new());
    references(&document, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

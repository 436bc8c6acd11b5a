//! The examples in a document: fenced blocks of JSON that name their topic.

use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// How a block begins; the rest of its line is the topic.
const FENCE: &str = "```json edgewise/roof/";
/// Widest line that stays in one piece.
const WIDTH: usize = 100;

/// A block.
pub struct Example {
    /// The last level of its topic.
    pub channel: String,
    /// What it says.
    pub json: Value,
}

/// All blocks of a document.
pub fn examples(text: &str) -> Vec<Example> {
    let blocks = text.split(FENCE).skip(1).map(|block| {
        let (channel, rest) = block.split_once('\n').expect("a block has lines");
        let json = rest.split("```").next().expect("a split has a first part");
        let json = serde_json::from_str(json).unwrap_or_else(|error| panic!("{channel}: {error}"));
        Example { channel: channel.to_owned(), json }
    });
    blocks.collect()
}

/// Puts `messages` into the blocks of the document, each into those of its channel.
pub fn write(path: &Path, messages: &BTreeMap<String, Value>) {
    let text = fs::read_to_string(path).unwrap();
    let mut written = String::new();
    for (number, part) in text.split(FENCE).enumerate() {
        if number == 0 {
            written += part;
            continue;
        }
        let (channel, rest) = part.split_once('\n').expect("a block has lines");
        let (_, after) = rest.split_once("```").expect("a block ends");
        let message = messages.get(channel).unwrap_or_else(|| panic!("nothing was captured of {channel}"));
        written += &format!("{FENCE}{channel}\n{}\n```{after}", lines(message, 0));
    }
    fs::write(path, written).unwrap();
}

/// Pretty, but with what fits into a line in one.
fn lines(value: &Value, indent: usize) -> String {
    let flat = value.to_string();
    let (inner, outer) = (" ".repeat(indent + 2), " ".repeat(indent));
    if indent > 0 && flat.len() + indent <= WIDTH {
        return flat.replace("\",\"", "\", \"").replace(",\"", ", \"").replace("\":", "\": ");
    }
    let (open, close, parts): (char, char, Vec<String>) = match value {
        Value::Object(map) => {
            let part = |(key, value)| format!("{inner}\"{key}\": {}", lines(value, indent + 2));
            ('{', '}', map.iter().map(part).collect())
        }
        Value::Array(list) => {
            ('[', ']', list.iter().map(|value| format!("{inner}{}", lines(value, indent + 2))).collect())
        }
        _ => return flat,
    };
    format!("{open}\n{}\n{outer}{close}", parts.join(",\n"))
}

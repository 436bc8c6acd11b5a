//! What people say of a device: its name, its tags, the group it is in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a name, and of a group.
pub const MAX_NAME: usize = 64;
/// Most characters of a tag.
pub const MAX_TAG: usize = 32;
/// Most tags of one device.
pub const MAX_TAGS: usize = 16;

/// What people say of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Labels {
    /// What it is called; null while nobody named it.
    #[schema(required)]
    pub name: Option<String>,
    /// Short words by which it is found, in their order and each once.
    pub tags: Vec<String>,
    /// The one group that it is in.
    #[schema(required)]
    pub group: Option<String>,
}

/// What is to change of [`Labels`]: what is left out stays, null takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsChange {
    /// The new name: 1 to 64 characters without control characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    pub name: Option<Option<String>>,
    /// The new tags in place of all that there are: up to 16, each of 1 to 32 characters without comma or control
    /// characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    pub tags: Option<Option<Vec<String>>>,
    /// The new group: 1 to 64 characters without control characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    pub group: Option<Option<String>>,
}

/// Labels that nobody can be called by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLabels {
    /// Nothing to read.
    #[error("{0} is empty: send null to take it away")]
    Empty(&'static str),
    /// Too much to read.
    #[error("{what} has {length} characters: make it {most} at most")]
    Long {
        /// Which text.
        what: &'static str,
        /// Its characters.
        length: usize,
        /// As many as it may have.
        most: usize,
    },
    /// What is not seen, or changes how the rest is seen.
    #[error("{what} has the character {character:?} in it: leave it out")]
    Character {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        character: char,
    },
    /// Too many.
    #[error("there are {0} tags: a device has {MAX_TAGS} at most")]
    TooMany(usize),
}

/// Tells null from left out.
pub(crate) fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl Labels {
    /// The labels after a change, tidied: no space around texts, tags in order and each once.
    ///
    /// # Errors
    /// What is wrong with the change.
    pub fn changed(&self, change: LabelsChange) -> Result<Self, BadLabels> {
        let text = |what, given: Option<Option<String>>, old: &Option<String>| match given {
            None => Ok(old.clone()),
            Some(None) => Ok(None),
            Some(Some(new)) => tidy(what, &new, MAX_NAME).map(Some),
        };
        let name = text("name", change.name, &self.name)?;
        let group = text("group", change.group, &self.group)?;
        let tags = match change.tags {
            None => self.tags.clone(),
            Some(new) => tags(&new.unwrap_or_default())?,
        };
        Ok(Self { name, tags, group })
    }

    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn tags(given: &[String]) -> Result<Vec<String>, BadLabels> {
    let mut tags = given.iter().map(|tag| tidy("a tag", tag, MAX_TAG)).collect::<Result<Vec<_>, _>>()?;
    // Lists of tags are written with commas between them.
    if tags.iter().any(|tag| tag.contains(',')) {
        return Err(BadLabels::Character { what: "a tag", character: ',' });
    }
    tags.sort();
    tags.dedup();
    if tags.len() > MAX_TAGS { Err(BadLabels::TooMany(tags.len())) } else { Ok(tags) }
}

fn tidy(what: &'static str, text: &str, most: usize) -> Result<String, BadLabels> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(BadLabels::Empty(what));
    }
    if length > most {
        return Err(BadLabels::Long { what, length, most });
    }
    match text.chars().find(|c| c.is_control() || turns_text(*c)) {
        Some(character) => Err(BadLabels::Character { what, character }),
        None => Ok(text.to_owned()),
    }
}

/// Line separators, and the marks that turn the direction of the text after them: with these one device could look
/// like another.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> Result<Labels, String> {
        let before = Labels {
            name: Some("Shed".to_owned()),
            tags: vec!["wet".to_owned()],
            group: Some("Garden".to_owned()),
        };
        let change = serde_json::from_str(text).map_err(|error| error.to_string())?;
        before.changed(change).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        let labels = change(r#"{"name": "  Dach Süd "}"#).unwrap();
        assert_eq!(labels.name.as_deref(), Some("Dach Süd"));
        assert_eq!((labels.tags.len(), labels.group.as_deref()), (1, Some("Garden")));
        let nothing = change(r#"{"name": null, "tags": null, "group": null}"#).unwrap();
        assert!(nothing.is_empty());
        assert!(change(r#"{"tags": []}"#).unwrap().tags.is_empty());
    }

    #[test]
    fn tags_are_in_order_and_each_once() {
        assert_eq!(change(r#"{"tags": ["pump", " north", "pump"]}"#).unwrap().tags, ["north", "pump"]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_remedy() {
        let long = format!(r#"{{"name": "{}"}}"#, "ä".repeat(65));
        let many: Vec<String> = (0..17).map(|n| format!("\"t{n}\"")).collect();
        let many = format!(r#"{{"tags": [{}]}}"#, many.join(","));
        for (text, says) in [
            (r#"{"name": " "}"#, "name is empty: send null"),
            (long.as_str(), "name has 65 characters: make it 64 at most"),
            (r#"{"group": "a\nb"}"#, "group has the character '\\n'"),
            (r#"{"name": "a\u202eb"}"#, "name has the character '\\u{202e}'"),
            (r#"{"tags": ["a,b"]}"#, "a tag has the character ','"),
            (many.as_str(), "there are 17 tags: a device has 16 at most"),
            (r#"{"nam": "x"}"#, "unknown field `nam`"),
            (r#"{"tags": "x"}"#, "invalid type"),
        ] {
            let error = change(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(change(&format!(r#"{{"name": "{}"}}"#, "ä".repeat(64))).is_ok());
    }
}

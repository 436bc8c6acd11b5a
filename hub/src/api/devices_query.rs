//! Which devices are asked for.

use super::Problem;
use crate::labels::{Labels, MAX_TAGS};
use axum::http::StatusCode;

/// Most groups in one question.
const MAX_GROUPS: usize = 100;

/// Labels that a device must have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// All of these.
    tags: Vec<String>,
    /// One of these, the empty one being none; any when there are none of these.
    groups: Vec<String>,
}

impl Wanted {
    /// Reads a query.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "tag" => wanted.tags.push(value.into_owned()),
                "group" => wanted.groups.push(value.into_owned()),
                _ => return Err(bad(&format!("{name:.40} is unknown: there are tag and group"))),
            }
        }
        for (name, count, most) in
            [("tag", wanted.tags.len(), MAX_TAGS), ("group", wanted.groups.len(), MAX_GROUPS)]
        {
            if count > most {
                return Err(bad(&format!("{name} is allowed {most} times, not {count}")));
            }
        }
        Ok(wanted)
    }

    /// Whether a device with these labels is wanted.
    pub(super) fn has(&self, labels: Option<&Labels>) -> bool {
        let (tags, group) = match labels {
            Some(labels) => (labels.tags.as_slice(), labels.group.as_deref().unwrap_or_default()),
            None => (&[][..], ""),
        };
        self.tags.iter().all(|tag| tags.contains(tag))
            && (self.groups.is_empty() || self.groups.iter().any(|one| one == group))
    }
}

fn bad(what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("parameter {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tags_and_one_of_the_groups() {
        let labels = Labels {
            name: None,
            tags: vec!["north".to_owned(), "pump".to_owned()],
            group: Some("a b".to_owned()),
        };
        let has = |query: &str| Wanted::parse(query).unwrap().has(Some(&labels));
        for query in ["", "tag=pump", "tag=pump&tag=north", "group=a+b", "group=x&group=a%20b&tag=pump"] {
            assert!(has(query), "{query}");
        }
        for query in ["tag=pum", "tag=pump&tag=x", "group=", "group=x", "tag=x&group=a+b"] {
            assert!(!has(query), "{query}");
        }
        assert!(Wanted::parse("group=").unwrap().has(None) && !Wanted::parse("tag=x").unwrap().has(None));
        for (query, says) in [("tags=x", "parameter tags is unknown"), (&"tag=x&".repeat(17), "16 times")] {
            let problem = Wanted::parse(query).unwrap_err();
            assert!(problem.status == 400 && problem.detail.contains(says), "{problem:?}");
        }
    }
}

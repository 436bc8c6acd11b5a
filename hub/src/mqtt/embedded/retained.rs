//! Retained messages, in memory. The hub stores the latest state of every device anyway and publishes it
//! again after a restart, so nothing is written to disk here.

use super::filter::Filter;
use super::message::Message;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use tokio::time::Instant;

/// Most topics that keep a message: 10,000 devices with status, birth, state and discovery, twice over.
const MAX_RETAINED: usize = 100_000;

/// The retained messages of the embedded broker.
#[derive(Default)]
pub(super) struct Retained {
    messages: BTreeSet<Kept>,
}

/// A message by its topic, of which there is no second copy.
struct Kept(Arc<Message>);

impl Borrow<str> for Kept {
    fn borrow(&self) -> &str {
        &self.0.topic
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.topic.cmp(&other.0.topic)
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.0.topic == other.0.topic
    }
}

impl Eq for Kept {}

impl Retained {
    /// Keeps a message, or forgets what its topic had when it is empty. `false` when there is no room.
    pub(super) fn set(&mut self, message: &Arc<Message>) -> bool {
        if message.payload.is_empty() {
            self.messages.remove::<str>(&message.topic);
            return true;
        }
        if self.messages.len() >= MAX_RETAINED && !self.messages.contains::<str>(&message.topic) {
            let now = Instant::now();
            self.messages.retain(|Kept(kept)| !kept.is_expired(now));
            if self.messages.len() >= MAX_RETAINED {
                return false;
            }
        }
        self.messages.replace(Kept(message.clone()));
        true
    }

    /// What is kept for the topics of a filter.
    pub(super) fn matching(&self, filter: &Filter<'_>) -> Vec<Arc<Message>> {
        let now = Instant::now();
        let start = filter.literal_start();
        self.messages
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .map(|Kept(message)| message)
            .take_while(|message| message.topic.starts_with(start))
            .filter(|message| filter.matches(&message.topic) && !message.is_expired(now))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message(topic: &str, payload: &'static str) -> Arc<Message> {
        Arc::new(Message {
            topic: topic.to_owned(),
            payload: Bytes::from_static(payload.as_bytes()),
            qos: 1,
            retain: true,
            properties: Vec::new(),
            expires: None,
            from: "tester".into(),
        })
    }

    fn topics(retained: &Retained, filter: &str) -> Vec<String> {
        let found = retained.matching(&Filter::parse(filter).unwrap());
        found.iter().map(|message| message.topic.clone()).collect()
    }

    #[test]
    fn the_last_of_each_topic_is_kept_until_it_is_emptied() {
        let mut retained = Retained::default();
        for (topic, payload) in
            [("a/b", "1"), ("a/b", "2"), ("a", "1"), ("ab", "1"), ("a/c/d", "1"), ("b", "1")]
        {
            assert!(retained.set(&message(topic, payload)));
        }
        assert_eq!(topics(&retained, "a/#"), ["a", "a/b", "a/c/d"]);
        assert_eq!(topics(&retained, "+/b"), ["a/b"]);
        assert_eq!(topics(&retained, "ab"), ["ab"]);
        assert_eq!(retained.matching(&Filter::parse("a/b").unwrap())[0].payload, "2");
        retained.set(&message("a/b", ""));
        assert_eq!(topics(&retained, "a/b"), [""; 0]);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut retained = Retained::default();
        for n in 0..MAX_RETAINED {
            assert!(retained.set(&message(&n.to_string(), "x")));
        }
        assert!(!retained.set(&message("one more", "x")));
        assert!(retained.set(&message("7", "replaced")));
        retained.set(&message("8", ""));
        assert!(retained.set(&message("one more", "x")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_expired_is_not_found_and_makes_room() {
        let mut retained = Retained::default();
        let expires = Some(Instant::now() + std::time::Duration::from_secs(5));
        let message = Arc::try_unwrap(message("a", "x")).unwrap();
        retained.set(&Arc::new(Message { expires, ..message }));
        assert_eq!(topics(&retained, "a"), ["a"]);
        tokio::time::advance(std::time::Duration::from_secs(6)).await;
        assert_eq!(topics(&retained, "a"), [""; 0]);
    }
}

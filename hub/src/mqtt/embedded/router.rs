//! Who gets what: the tree of subscriptions.

use super::filter::Filter;
use super::mailbox::Mailbox;
use super::message::{Delivery, Message};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a client asked for with a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) qos: u8,
    /// Nothing that it published itself.
    pub(super) no_local: bool,
    /// Marked as retained when its publisher wanted it retained.
    pub(super) as_published: bool,
    /// The client's own number for it.
    pub(super) identifier: Option<u32>,
}

struct Subscriber {
    mailbox: Arc<Mailbox>,
    wish: Wish,
}

/// Members who share a subscription; each message goes to one of them.
struct Group {
    name: String,
    members: Vec<Subscriber>,
    turn: AtomicUsize,
}

/// One level of topics.
#[derive(Default)]
struct Node {
    /// The next levels, `+` and `#` among them.
    next: HashMap<Box<str>, Box<Node>>,
    subscribers: Vec<Subscriber>,
    groups: Vec<Group>,
}

/// All subscriptions.
#[derive(Default)]
pub(super) struct Router {
    root: Node,
}

impl Router {
    /// Notes a subscription; an earlier one of the same client to the same filter is replaced. `true` when it is new.
    pub(super) fn subscribe(&mut self, filter: &Filter<'_>, mailbox: &Arc<Mailbox>, wish: Wish) -> bool {
        let node = filter.levels.split('/').fold(&mut self.root, |node, level| {
            // Most levels are there already, and looking first spares a copy of the name.
            if !node.next.contains_key(level) {
                node.next.insert(level.into(), Box::default());
            }
            node.next.get_mut(level).expect("it was put in just now")
        });
        let subscribers = match filter.group {
            None => &mut node.subscribers,
            Some(name) => {
                let at = node.groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
                    let (members, turn) = Default::default();
                    node.groups.push(Group { name: name.to_owned(), members, turn });
                    node.groups.len() - 1
                });
                &mut node.groups[at].members
            }
        };
        let earlier = subscribers.iter_mut().find(|other| Arc::ptr_eq(&other.mailbox, mailbox));
        let is_new = earlier.is_none();
        match earlier {
            Some(earlier) => earlier.wish = wish,
            None => {
                // Most topics have one, and there is one for each device.
                if subscribers.is_empty() {
                    subscribers.reserve_exact(1);
                }
                subscribers.push(Subscriber { mailbox: mailbox.clone(), wish });
            }
        }
        is_new
    }

    /// Ends a subscription. `false` when there was none.
    pub(super) fn unsubscribe(&mut self, filter: &Filter<'_>, mailbox: &Arc<Mailbox>) -> bool {
        self.root.remove(&mut filter.levels.split('/'), filter.group, mailbox)
    }

    /// Puts a message into the mailbox of everybody who subscribed to it, once each. Returns how many older messages
    /// were dropped for it.
    pub(super) fn deliver(&self, message: &Arc<Message>) -> u64 {
        let mut found = Vec::new();
        let is_reserved = message.topic.starts_with('$');
        self.root.find(Some(&message.topic), is_reserved, &mut |node| node.select(message, &mut found));
        // Who has several subscriptions that match gets it once, at the highest quality of them.
        found.sort_by_key(|subscriber| Arc::as_ptr(&subscriber.mailbox));
        found
            .chunk_by(|one, other| Arc::ptr_eq(&one.mailbox, &other.mailbox))
            .map(|same| {
                let qos = same.iter().map(|subscriber| subscriber.wish.qos).max().unwrap_or(0);
                same[0].mailbox.put(Delivery {
                    message: message.clone(),
                    qos: qos.min(message.qos),
                    retain: message.retain && same.iter().any(|subscriber| subscriber.wish.as_published),
                    identifiers: same.iter().filter_map(|subscriber| subscriber.wish.identifier).collect(),
                })
            })
            .sum()
    }
}

impl Node {
    fn is_empty(&self) -> bool {
        self.next.is_empty() && self.subscribers.is_empty() && self.groups.is_empty()
    }

    fn remove(
        &mut self,
        levels: &mut dyn Iterator<Item = &str>,
        group: Option<&str>,
        mailbox: &Arc<Mailbox>,
    ) -> bool {
        if let Some(level) = levels.next() {
            let Some(node) = self.next.get_mut(level) else { return false };
            let removed = node.remove(levels, group, mailbox);
            if node.is_empty() {
                self.next.remove(level);
            }
            return removed;
        }
        let without = |subscribers: &mut Vec<Subscriber>| {
            let before = subscribers.len();
            subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.mailbox, mailbox));
            before > subscribers.len()
        };
        let Some(name) = group else { return without(&mut self.subscribers) };
        let Some(at) = self.groups.iter().position(|group| group.name == name) else { return false };
        let removed = without(&mut self.groups[at].members);
        if self.groups[at].members.is_empty() {
            self.groups.swap_remove(at);
        }
        removed
    }

    /// Shows every node whose filter matches what is left of a topic. A wildcard on the first level does not match
    /// what is reserved.
    fn find<'n>(&'n self, rest: Option<&str>, is_reserved: bool, show: &mut impl FnMut(&'n Node)) {
        if !is_reserved && let Some(all) = self.next.get("#") {
            show(all);
        }
        let Some(rest) = rest else {
            show(self);
            return;
        };
        let (level, rest) = rest.split_once('/').map_or((rest, None), |(level, rest)| (level, Some(rest)));
        if let Some(next) = self.next.get(level).filter(|_| level != "+" && level != "#") {
            next.find(rest, false, show);
        }
        if !is_reserved && let Some(any) = self.next.get("+") {
            any.find(rest, false, show);
        }
    }

    fn select<'n>(&'n self, message: &Message, found: &mut Vec<&'n Subscriber>) {
        let wanted = |subscriber: &&Subscriber| {
            !(subscriber.wish.no_local && subscriber.mailbox.client_id == message.from)
        };
        found.extend(self.subscribers.iter().filter(wanted));
        found.extend(self.groups.iter().filter_map(Group::next));
    }
}

impl Group {
    /// Whose turn it is: members in turn, those who are here before those who are away.
    fn next(&self) -> Option<&Subscriber> {
        let start = self.turn.fetch_add(1, Relaxed);
        let count = self.members.len();
        let in_turn = || (0..count).map(|n| &self.members[start.wrapping_add(n) % count]);
        in_turn().find(|member| member.mailbox.is_online()).or_else(|| in_turn().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Wish = Wish { qos: 1, no_local: false, as_published: false, identifier: None };

    fn mailbox(client_id: &str) -> Arc<Mailbox> {
        Arc::new(Mailbox::new(client_id.into()))
    }

    fn message(topic: &str, from: &str) -> Arc<Message> {
        let (payload, properties) = Default::default();
        let (topic, from) = (topic.to_owned(), from.into());
        Arc::new(Message { topic, payload, qos: 2, retain: true, properties, expires: None, from })
    }

    fn subscribe(router: &mut Router, filter: &str, mailbox: &Arc<Mailbox>, wish: Wish) -> bool {
        router.subscribe(&Filter::parse(filter).unwrap(), mailbox, wish)
    }

    #[test]
    fn several_matches_are_one_delivery_with_the_best_of_each() {
        let (mut router, reader) = (Router::default(), mailbox("reader"));
        subscribe(&mut router, "a/#", &reader, Wish { identifier: Some(7), ..PLAIN });
        subscribe(&mut router, "a/+", &reader, Wish { qos: 2, as_published: true, ..PLAIN });
        assert!(!subscribe(&mut router, "a/+", &reader, Wish { qos: 0, identifier: Some(8), ..PLAIN }));
        router.deliver(&message("a/b", "writer"));
        let delivery = reader.take().unwrap();
        assert_eq!((delivery.qos, delivery.retain), (1, false), "the later wish replaced the earlier one");
        let mut identifiers = delivery.identifiers;
        identifiers.sort_unstable();
        assert_eq!(identifiers, [7, 8]);
        assert!(reader.take().is_none());
    }

    #[test]
    fn what_a_client_published_itself_can_be_left_out() {
        let (mut router, one, other) = (Router::default(), mailbox("one"), mailbox("other"));
        for reader in [&one, &other] {
            subscribe(&mut router, "#", reader, Wish { no_local: true, ..PLAIN });
        }
        router.deliver(&message("a", "one"));
        assert!(one.take().is_none() && other.take().is_some());
    }

    #[test]
    fn members_of_a_group_take_turns_and_who_is_away_is_passed_over() {
        let mut router = Router::default();
        let members = ["one", "two", "three"].map(mailbox);
        for member in &members {
            subscribe(&mut router, "$share/g/a", member, PLAIN);
        }
        let counts = |rounds| {
            for _ in 0..rounds {
                router.deliver(&message("a", "writer"));
            }
            members.each_ref().map(|member| std::iter::from_fn(|| member.take()).count())
        };
        assert_eq!(counts(6), [2, 2, 2]);
        members[1].set_online(false);
        let [one, two, three] = counts(6);
        assert_eq!((two, one + three), (0, 6));
    }

    #[test]
    fn nothing_is_left_of_what_has_ended() {
        let (mut router, reader) = (Router::default(), mailbox("reader"));
        let filters = ["a/b/c", "a/b", "a/+/#", "$share/g/a/b", "#"];
        for filter in filters {
            assert!(subscribe(&mut router, filter, &reader, PLAIN));
        }
        for filter in filters {
            let filter = Filter::parse(filter).unwrap();
            assert!(router.unsubscribe(&filter, &reader));
            assert!(!router.unsubscribe(&filter, &reader), "{filter:?}");
        }
        assert!(router.root.is_empty());
    }

    proptest! {
        /// The tree finds what the definition finds.
        #[test]
        fn the_tree_agrees_with_the_filter(
            filters in prop::collection::vec("(\\$)?[ab+#]?(/[ab+#]?){0,3}", 1..20),
            topic in "(\\$)?[ab]?(/[ab]?){0,3}",
        ) {
            prop_assume!(!topic.is_empty());
            let mut router = Router::default();
            let mut expected = 0;
            for (n, filter) in filters.iter().enumerate() {
                let Some(parsed) = Filter::parse(filter) else { continue };
                router.subscribe(&parsed, &mailbox(&n.to_string()), PLAIN);
                expected += usize::from(parsed.matches(&topic));
            }
            let mut found = Vec::new();
            let wanted = message(&topic, "writer");
            router.root.find(Some(&topic), topic.starts_with('$'), &mut |node| node.select(&wanted, &mut found));
            prop_assert_eq!(found.len(), expected);
        }
    }
}

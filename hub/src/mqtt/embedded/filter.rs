//! What clients subscribe to.

/// Most levels of a topic or filter. The tree of subscriptions is as deep.
pub(super) const MAX_LEVELS: usize = 128;

/// A filter that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filter<'f> {
    /// The group that shares it: each message goes to one member.
    pub(super) group: Option<&'f str>,
    /// Levels, `+` and `#`.
    pub(super) levels: &'f str,
}

impl<'f> Filter<'f> {
    /// Reads a filter; `None` for one that can match nothing by the rules of MQTT.
    pub(super) fn parse(text: &'f str) -> Option<Self> {
        let (group, levels) = match text.strip_prefix("$share/") {
            Some(rest) => {
                let (group, levels) = rest.split_once('/')?;
                if group.is_empty() || group.contains(['+', '#']) {
                    return None;
                }
                (Some(group), levels)
            }
            None => (None, text),
        };
        if levels.is_empty() || levels.contains('\0') || levels.split('/').count() > MAX_LEVELS {
            return None;
        }
        let mut rest = levels.split('/').peekable();
        while let Some(level) = rest.next() {
            let is_last = rest.peek().is_none();
            let sound = match level {
                "+" => true,
                "#" => is_last,
                _ => !level.contains(['+', '#']),
            };
            if !sound {
                return None;
            }
        }
        Some(Self { group, levels })
    }

    /// Whether a topic is among what it stands for. Topics that begin with `$` are never matched by a wildcard.
    pub(super) fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.levels.starts_with(['+', '#']) {
            return false;
        }
        let (mut filter, mut levels) = (self.levels.split('/'), topic.split('/'));
        loop {
            match (filter.next(), levels.next()) {
                (Some("#"), _) | (None, None) => return true,
                (Some("+"), Some(_)) => {}
                (Some(wanted), Some(level)) if wanted == level => {}
                _ => return false,
            }
        }
    }

    /// What every topic that it matches begins with.
    pub(super) fn literal_start(&self) -> &'f str {
        let end = self.levels.find(['+', '#']).unwrap_or(self.levels.len());
        // `a/#` is for `a` as well.
        self.levels[..end].trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        for (filter, topic, matched) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/+", "a/b", true),
            ("a/+", "a", false),
            ("a/+", "a/", true),
            ("+/+", "/b", true),
            ("/+", "/b", true),
            ("+", "/b", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("#", "a/b", true),
            ("#", "$SYS/a", false),
            ("+/a", "$SYS/a", false),
            ("$SYS/#", "$SYS/a", true),
            ("a/+/c", "a/b/c", true),
            ("a//c", "a//c", true),
        ] {
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(parsed.matches(topic), matched, "{filter} {topic}");
            assert!(!matched || topic.starts_with(parsed.literal_start()), "{filter} {topic}");
        }
    }

    #[test]
    fn what_can_match_nothing_is_no_filter() {
        let deep = "a/".repeat(MAX_LEVELS);
        for text in
            ["", "a/#/b", "a#", "a+", "+a/b", "$share/", "$share/g", "$share//a", "$share/+/a", "a\0b", &deep]
        {
            assert_eq!(Filter::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_group_stands_before_its_filter() {
        let shared = Filter { group: Some("g"), levels: "a/#" };
        assert_eq!(Filter::parse("$share/g/a/#"), Some(shared));
        assert_eq!(Filter::parse("$share/g//a"), Some(Filter { group: Some("g"), levels: "/a" }));
    }
}

//! A file's values with the lines that they stand on, and those of the environment in the same form.

use super::lines::Lines;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One value.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where it stands, from 1; 0 in the environment.
    pub(super) line: usize,
    /// Taken out: it was found to be wrong, and the rest is read as if it were not there.
    pub(super) hidden: bool,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// A whole number that 64 bits do not hold.
    Huge(String),
    Float(f64),
    Bool(bool),
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// A text of the environment, which may stand for a number or a truth value.
    Loose(String),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The line of the key.
    pub(super) line: usize,
    pub(super) node: Node,
}

/// One step from a value to one that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Node {
    /// A table without entries.
    pub(super) fn empty() -> Self {
        Self { line: 0, hidden: false, value: Value::Table(Vec::new()) }
    }

    /// The values of a parsed file.
    pub(super) fn of_file(table: &Spanned<DeTable<'_>>, lines: &Lines<'_>) -> Self {
        Self { line: 1, hidden: false, value: Value::table(table.get_ref(), lines) }
    }

    fn of(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Self {
        Self { line: lines.of(value.span().start), hidden: false, value: Value::of(value.get_ref(), lines) }
    }

    /// The entries of a table that are not hidden.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let entries = if let Value::Table(entries) = &self.value { entries.as_slice() } else { &[] };
        entries.iter().filter(|entry| !entry.node.hidden)
    }

    /// The items of a list that are not hidden, with their places in it.
    pub(super) fn items(&self) -> impl Iterator<Item = (usize, &Node)> {
        let items = if let Value::List(items) = &self.value { items.as_slice() } else { &[] };
        items.iter().enumerate().filter(|(_, item)| !item.hidden)
    }

    /// The value at the end of `path`, and the line to name for it: that of its key, or its own in a list.
    pub(super) fn at(&self, path: &[Step]) -> Option<(usize, &Node)> {
        let mut found = (self.line, self);
        for step in path {
            found = match (step, &found.1.value) {
                (Step::Key(key), Value::Table(entries)) => {
                    entries.iter().find(|entry| entry.key == *key).map(|entry| (entry.line, &entry.node))?
                }
                (Step::Index(index), Value::List(items)) => {
                    items.get(*index).map(|item| (item.line, item))?
                }
                _ => return None,
            };
        }
        Some(found)
    }

    /// The value at the end of `path`, to hide it.
    pub(super) fn at_mut(&mut self, path: &[Step]) -> Option<&mut Node> {
        let mut found = self;
        for step in path {
            found = match (step, &mut found.value) {
                (Step::Key(key), Value::Table(entries)) => {
                    &mut entries.iter_mut().find(|entry| entry.key == *key)?.node
                }
                (Step::Index(index), Value::List(items)) => items.get_mut(*index)?,
                _ => return None,
            };
        }
        Some(found)
    }

    /// Puts a text of the environment at the end of `path`, whose tables are made as needed.
    pub(super) fn put(&mut self, path: &[&str], text: String) {
        let (Value::Table(entries), Some((key, rest))) = (&mut self.value, path.split_first()) else {
            self.value = Value::Loose(text);
            return;
        };
        let place = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
            entries.push(Entry { key: (*key).to_owned(), line: 0, node: Self::empty() });
            entries.len() - 1
        });
        let node = &mut entries[place].node;
        if rest.is_empty() {
            node.value = Value::Loose(text);
        } else {
            node.put(rest, text);
        }
    }
}

impl Value {
    fn of(value: &DeValue<'_>, lines: &Lines<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Self::Huge(number.to_string()), Self::Integer),
            // The parser has seen to it that this is a number.
            DeValue::Float(number) => Self::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(truth) => Self::Bool(*truth),
            DeValue::Datetime(_) => Self::Date,
            DeValue::Array(items) => Self::List(items.iter().map(|item| Node::of(item, lines)).collect()),
            DeValue::Table(table) => Self::table(table, lines),
        }
    }

    /// In the order of the file, so that the first mistake is found first.
    fn table(table: &DeTable<'_>, lines: &Lines<'_>) -> Self {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &Spanned<std::borrow::Cow<'_, str>> = key;
            let line = lines.of(key.span().start);
            (key.span().start, Entry { key: key.get_ref().to_string(), line, node: Node::of(value, lines) })
        };
        let mut entries: Vec<(usize, Entry)> = table.iter().map(entry).collect();
        entries.sort_by_key(|(start, _)| *start);
        Self::Table(entries.into_iter().map(|(_, entry)| entry).collect())
    }
}

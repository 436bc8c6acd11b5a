//! Where each key of a configuration was set, for whoever finds out later that its value cannot be.

use super::{
    node::{Node, Step, Value},
    problem::{Place, Problem},
    recover::Found,
};

/// What was set where.
#[derive(Debug)]
pub struct Places {
    file: Option<(String, Node)>,
    variables: Vec<(String, &'static str)>,
    flags: Vec<(&'static str, &'static str)>,
    broken: Vec<String>,
}

impl Places {
    pub(super) fn new(
        variables: Vec<(String, &'static str)>,
        flags: Vec<(&'static str, &'static str)>,
    ) -> Self {
        Self { file: None, variables, flags, broken: Vec::new() }
    }

    /// Something that cannot be about the key at `path`, such as `mqtt.url`, or `sensor.1.address` in the
    /// second of a list's tables.
    pub fn problem(&self, path: &str, text: impl Into<String>) -> Problem {
        Problem { place: self.of(path), key: shown(path), text: text.into(), warning: false }
    }

    /// Something to think about.
    pub fn warning(&self, path: &str, text: impl Into<String>) -> Problem {
        Problem { warning: true, ..self.problem(path, text) }
    }

    /// Whether the key was set, but to something that could not be read. What follows from its absence is
    /// then no further mistake.
    pub fn is_broken(&self, path: &str) -> bool {
        let whole = |broken: &String| {
            broken == path || path.strip_prefix(broken.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        self.broken.iter().any(whole)
    }

    /// The file that sets the key, unless the environment or the command line does.
    pub fn file_of(&self, path: &str) -> Option<&std::path::Path> {
        match (self.of(path), &self.file) {
            (Place::File(_, Some(_)), Some((name, root))) if is_set(root, path) => Some(name.as_ref()),
            _ => None,
        }
    }

    /// Where the key is set: the strongest layer that has it, or else the nearest table around it.
    fn of(&self, path: &str) -> Place {
        if let Some((_, flag)) = self.flags.iter().find(|(key, _)| *key == path) {
            return Place::Flag(flag);
        }
        if let Some((_, name)) = self.variables.iter().find(|(key, _)| key == path) {
            return Place::Variable(name);
        }
        let Some((name, root)) = &self.file else { return Place::Nowhere };
        Place::File(name.clone(), line(root, path))
    }

    /// Notes what could not be read in the file.
    pub(super) fn in_file(&mut self, name: &str, found: Found) -> Problem {
        let place = Place::File(name.to_owned(), Some(found.line));
        self.broken.push(dotted(&found.path));
        self.broken.extend(found.meant.as_deref().map(dotted));
        Problem { place, key: keys(&found.path), text: found.text, warning: false }
    }

    /// The variable that a mistake in the environment is in.
    pub(super) fn variable_of(&self, found: &Found) -> Option<&'static str> {
        let key = dotted(&found.path);
        self.variables.iter().find(|(path, _)| *path == key).map(|(_, name)| *name)
    }

    /// Notes what could not be read in the environment.
    pub(super) fn in_environment(&mut self, found: Found) -> Problem {
        let key = dotted(&found.path);
        let place = self.variable_of(&found).map_or(Place::Nowhere, Place::Variable);
        let problem = Problem { place, key: key.clone(), text: found.text, warning: false };
        self.broken.push(key);
        problem
    }

    pub(super) fn set_file(&mut self, name: String, root: Node) {
        self.file = Some((name, root));
    }
}

fn dotted(path: &[Step]) -> String {
    let part = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

/// The keys of a path; the line says which item of a list is meant.
fn keys(path: &[Step]) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let part = |step: &Step| match step {
        Step::Key(key) if !key.is_empty() && key.chars().all(plain) => Some(key.clone()),
        Step::Key(key) => Some(format!("{key:?}")),
        Step::Index(_) => None,
    };
    path.iter().filter_map(part).collect::<Vec<_>>().join(".")
}

/// The same of a path in text.
fn shown(path: &str) -> String {
    let is_key = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('.').filter(is_key).collect::<Vec<_>>().join(".")
}

fn is_set(root: &Node, path: &str) -> bool {
    let path: Vec<Step> = path.split('.').map(|key| Step::Key(key.to_owned())).collect();
    root.at(&path).is_some_and(|(_, node)| !node.hidden)
}

/// The line of the key, or of the innermost table around where it would be.
fn line(root: &Node, path: &str) -> Option<usize> {
    let (mut node, mut line) = (root, None);
    for part in path.split('.') {
        let next = match &node.value {
            Value::Table(_) => {
                node.entries().find(|entry| entry.key == part).map(|entry| (entry.line, &entry.node))
            }
            Value::List(_) => {
                let index = part.parse().ok()?;
                node.items().nth(index).map(|(_, item)| (item.line, item))
            }
            _ => None,
        };
        let Some((at, inner)) = next else { break };
        (line, node) = (Some(at), inner);
    }
    line
}

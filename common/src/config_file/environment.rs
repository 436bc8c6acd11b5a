//! The variables that a configuration's keys may be set by.

use super::{
    node::Node,
    problem::{Place, Problem},
};
use confique::meta::{Expr, FieldKind, LeafKind, Meta};
use std::ffi::OsString;

/// What the environment sets.
pub(super) struct Environment {
    pub(super) root: Node,
    /// Each key that is set, and by which variable.
    pub(super) variables: Vec<(String, &'static str)>,
    /// The variables that are there, but empty: as if they were not, unless that means something.
    pub(super) empty: Vec<&'static str>,
    pub(super) problems: Vec<Problem>,
}

/// Reads the variables of all keys of `meta`.
pub(super) fn read(meta: &'static Meta, variable: &dyn Fn(&str) -> Option<OsString>) -> Environment {
    let mut read =
        Environment { root: Node::empty(), variables: Vec::new(), empty: Vec::new(), problems: Vec::new() };
    walk(meta, &mut Vec::new(), variable, &mut read);
    read
}

fn walk(
    meta: &'static Meta,
    path: &mut Vec<&'static str>,
    variable: &dyn Fn(&str) -> Option<OsString>,
    read: &mut Environment,
) {
    for field in meta.fields {
        path.push(field.name);
        match field.kind {
            FieldKind::Nested { meta } => walk(meta, path, variable, read),
            FieldKind::Leaf { env: Some(name), .. } => {
                if let Some(value) = variable(name) {
                    take(name, value, path, read);
                }
            }
            FieldKind::Leaf { env: None, .. } => {}
        }
        path.pop();
    }
}

fn take(name: &'static str, value: OsString, path: &[&'static str], read: &mut Environment) {
    let key = path.join(".");
    match value.into_string() {
        Ok(text) => {
            if text.is_empty() {
                read.empty.push(name);
            }
            read.root.put(path, text);
            read.variables.push((key, name));
        }
        Err(_) => {
            let text = "this is no UTF-8; set it to plain text".to_owned();
            read.problems.push(Problem { place: Place::Variable(name), key, text, warning: false });
        }
    }
}

/// The table that has a key called `key`: empty for the top of the file.
pub(super) fn table_of(meta: &'static Meta, key: &str) -> Option<String> {
    if meta.fields.iter().any(|field| field.name == key && is_plain(&field.kind)) {
        return Some(String::new());
    }
    meta.fields.iter().find_map(|field| match field.kind {
        FieldKind::Nested { meta } => {
            let inner = table_of(meta, key)?;
            Some(if inner.is_empty() { field.name.to_owned() } else { format!("{}.{inner}", field.name) })
        }
        FieldKind::Leaf { .. } => None,
    })
}

/// Whether a key has a plain value, as far as can be told, and not a table.
fn is_plain(kind: &FieldKind) -> bool {
    match kind {
        FieldKind::Leaf { env: Some(_), .. } => true,
        FieldKind::Leaf { kind: LeafKind::Required { default: Some(default) }, .. } => {
            !matches!(default, Expr::Array(_) | Expr::Map(_))
        }
        FieldKind::Leaf { .. } | FieldKind::Nested { .. } => false,
    }
}

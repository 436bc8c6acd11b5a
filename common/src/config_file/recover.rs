//! Reads on after a mistake: what is wrong is noted and taken out, and the rest is read again.

use super::{
    de::De,
    node::{Node, Step, Value},
    words::{self, Spot},
    wrong::{What, Wrong},
};
use serde::de::DeserializeOwned;

/// More mistakes than anybody corrects in one go.
pub(super) const MOST: usize = 100;

/// The keys by which the variants of an enum are told apart, in every configuration of ours.
const TAGS: [&str; 2] = ["kind", "role"];

/// A mistake and the way to it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: Vec<Step>,
    pub(super) line: usize,
    pub(super) text: String,
    /// The way to the key that was probably meant, if it is about one that does not exist.
    pub(super) meant: Option<Vec<Step>>,
    /// Whether it is about a key that is not there.
    pub(super) missing: bool,
}

/// Reads a `T`, and all that is wrong with it. Of what is wrong nothing is left in the value: a list's
/// table with a mistake in it is gone altogether, for half of one means something else. `None` when nothing
/// can be read at all. `elsewhere` says in which table a key belongs that stands in another.
pub(super) fn read<T: DeserializeOwned>(
    root: &mut Node,
    elsewhere: &dyn Fn(&str) -> Option<String>,
) -> (Option<T>, Vec<Found>) {
    let mut found: Vec<Found> = Vec::new();
    let mut taken_out: Vec<Vec<Step>> = Vec::new();
    loop {
        let mut wrong = match T::deserialize(De(root)) {
            Ok(value) => {
                if !drop_damaged(root, &found) {
                    return (Some(value), found);
                }
                continue;
            }
            Err(wrong) => wrong,
        };
        wrong.path.reverse();
        narrow::<T>(root, &mut wrong);
        let mut key = wrong.path.clone();
        if let What::Missing { key: missing } = &wrong.what {
            key.push(Step::Key((*missing).to_owned()));
        }
        if !taken_out.contains(&key) {
            found.push(tell(root, &wrong, &key, elsewhere));
        }
        let Some(node) = root.at_mut(&wrong.path).filter(|node| !node.hidden) else {
            return (None, found);
        };
        node.hidden = true;
        taken_out.push(wrong.path.clone());
        if wrong.path.is_empty() || found.len() >= MOST {
            return (None, found);
        }
    }
}

fn tell(root: &Node, wrong: &Wrong, key: &[Step], elsewhere: &dyn Fn(&str) -> Option<String>) -> Found {
    let of_key = |step: &Step| if let Step::Key(key) = step { Some(key.clone()) } else { None };
    let name = key.iter().rev().find_map(of_key).unwrap_or_default();
    let (line, node) = root.at(&wrong.path).unwrap_or((root.line, root));
    let mut meant = None;
    let text = match &wrong.what {
        What::UnknownKey { known } => {
            let table = key[..key.len().saturating_sub(1)].to_vec();
            let (near, far) = (words::meant(&name, known), elsewhere(&name));
            meant = match (near, &far) {
                (Some(near), _) => Some([table, vec![Step::Key(near.to_owned())]].concat()),
                (None, Some(far)) => {
                    let keys = far.split('.').filter(|key| !key.is_empty()).chain([name.as_str()]);
                    Some(keys.map(|key| Step::Key(key.to_owned())).collect())
                }
                (None, None) => None,
            };
            words::unknown_key(&name, known, far.as_deref())
        }
        what => {
            let in_list = matches!(wrong.path.last(), Some(Step::Index(_)));
            words::tell(what, &Spot { key: &name, in_list, value: &node.value })
        }
    };
    Found { path: key.to_vec(), line, text, meant, missing: matches!(wrong.what, What::Missing { .. }) }
}

/// Finds the key to blame where the reader names a table only: an enum that is told apart by a tag is read
/// into a buffer first, which forgets the way. It is the key without which the complaint changes, and in what
/// it holds again the one, as far as that goes.
fn narrow<T: DeserializeOwned>(root: &mut Node, wrong: &mut Wrong) {
    let complaint = wrong.clone();
    if root.at(&wrong.path).is_none() {
        // A key that does not exist is named, but not the table in the table that it stands in.
        wrong.path.pop();
    }
    while let Some(step) = blamed::<T>(root, &complaint, &wrong.path) {
        wrong.path.push(step);
    }
}

fn blamed<T: DeserializeOwned>(root: &mut Node, complaint: &Wrong, path: &[Step]) -> Option<Step> {
    let missing = matches!(complaint.what, What::Missing { .. });
    let (_, node) = root.at(path)?;
    let keys = node.entries().map(|entry| (Step::Key(entry.key.clone()), &entry.node));
    let all = keys.chain(node.items().map(|(index, item)| (Step::Index(index), item)));
    // What is missing is missing in a table.
    let holds = |node: &Node| matches!(node.value, Value::Table(_) | Value::List(_));
    let steps: Vec<Step> = all.filter(|(_, node)| !missing || holds(node)).map(|(step, _)| step).collect();
    let mut changes = |step: &Step| {
        let path: Vec<Step> = path.iter().chain([step]).cloned().collect();
        set_hidden(root, &path, true);
        let without = T::deserialize(De(root)).err().map(|mut other: Wrong| {
            other.path.reverse();
            other
        });
        set_hidden(root, &path, false);
        without.is_none_or(|other| other != *complaint)
    };
    let mut candidates: Vec<Step> = steps.into_iter().filter(|step| changes(step)).collect();
    // Without its tag nothing of the table is understood, so that always changes the complaint.
    let is_tag = |step: &Step| matches!(step, Step::Key(key) if TAGS.contains(&key.as_str()));
    candidates.sort_by_key(is_tag);
    candidates.into_iter().next()
}

fn set_hidden(root: &mut Node, path: &[Step], hidden: bool) {
    if let Some(node) = root.at_mut(path) {
        node.hidden = hidden;
    }
}

/// Hides the tables of lists that had a mistake in them; whether there was one not hidden yet.
fn drop_damaged(root: &mut Node, found: &[Found]) -> bool {
    let mut any = false;
    for mistake in found {
        let Some(index) = mistake.path.iter().position(|step| matches!(step, Step::Index(_))) else {
            continue;
        };
        if let Some(item) = root.at_mut(&mistake.path[..=index])
            && matches!(item.value, Value::Table(_))
            && !item.hidden
        {
            item.hidden = true;
            any = true;
        }
    }
    any
}

//! From a file to its values.

use super::{
    lines::Lines,
    node::Node,
    problem::{Place, Problem},
    syntax,
};
use std::{fs::File, io::Read, path::Path};
use toml::de::DeTable;

/// Largest config file. A real one has a few kilobytes; more is some other file.
const LARGEST: u64 = 1024 * 1024;

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String, Problem> {
    let name = path.display().to_string();
    let whole = |text: String| Problem::file(&name, text);
    let unreadable = |error: std::io::Error| {
        whole(format!("cannot read the config file: {error}; check the path, and who may read it"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(whole("it has more than 1 MiB; is this the config file?".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = sound.iter().filter(|byte| **byte == b'\n').count() + 1;
        let text = "this is no UTF-8; save the file in that encoding".to_owned();
        Problem { place: Place::File(name.clone(), Some(line)), ..whole(text) }
    })
}

/// What a text holds.
pub(super) struct Parsed {
    pub(super) root: Node,
    /// What is no TOML in it; the values of the lines around that are there all the same.
    pub(super) problems: Vec<Problem>,
    /// The first line that need not mean what it says, because of a mistake before it.
    pub(super) doubtful: usize,
}

impl Parsed {
    /// Of no file at all.
    pub(super) fn none() -> Self {
        Self { root: Node::empty(), problems: Vec::new(), doubtful: usize::MAX }
    }
}

/// The values of a text that `name` stands for.
pub(super) fn parse(name: &str, text: &str) -> Parsed {
    // Some editors begin a file with an invisible mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let (mut problems, mut doubtful): (Vec<Problem>, usize) = (Vec::new(), usize::MAX);
    for error in errors {
        let line = lines.of(error.span().map_or(0, |span| span.start));
        let place = Place::File(name.to_owned(), Some(line));
        if syntax::misleads(error.message()) {
            doubtful = doubtful.min(line);
        }
        // One mistake may break several rules; the first says it best.
        if problems.last().is_none_or(|last| last.place != place) {
            problems.push(Problem {
                place,
                ..Problem::file(name, syntax::tell(error.message(), lines.text(line)))
            });
        }
    }
    Parsed { root: Node::of_file(&table, &lines), problems, doubtful }
}

//! A configuration out of command line, environment, file and defaults, with everything that is wrong with
//! it told at once: a line each that says where, what and what to do.

mod de;
mod environment;
mod file;
mod lines;
mod node;
mod places;
mod problem;
mod recover;
mod syntax;
mod words;
mod wrong;

pub use places::Places;
pub use problem::{Place, Problem, Problems};

use confique::{Config, Layer};
use serde::de::DeserializeOwned;
use std::{ffi::OsString, path::Path};

/// Where a configuration comes from, the strongest first: the command line, the environment, a file, the
/// defaults.
pub struct Sources<'a, L> {
    /// What the command line says.
    pub command_line: L,
    /// The keys that the command line sets, and by which option.
    pub flags: Vec<(&'static str, &'static str)>,
    /// A variable of the environment by its name.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The file that was named.
    pub path: Option<&'a Path>,
    /// The file that is read if none was named and it is there.
    pub usual: &'a Path,
}

impl<'a, L: Layer> Sources<'a, L> {
    /// The file at `path`, or else at `usual`, and the environment of this process.
    pub fn of_process(path: Option<&'a Path>, usual: &'a Path) -> Self {
        let variable = &|name: &str| std::env::var_os(name);
        Self { command_line: L::empty(), flags: Vec::new(), variable, path, usual }
    }
}

/// A configuration, as far as it could be read.
#[derive(Debug)]
pub struct Loaded<C> {
    /// What could be read, with defaults in place of the rest. `None` when the file could not be read or is
    /// no TOML: what is missing then says nothing.
    pub config: Option<C>,
    /// Where what was set.
    pub places: Places,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

impl<C> Loaded<C> {
    /// The configuration, if nothing is wrong with it.
    ///
    /// # Errors
    /// When something is.
    pub fn sound(self) -> Result<C, Problems> {
        match self.config {
            Some(config) if self.problems.iter().all(|problem| problem.warning) => Ok(config),
            _ => Err(Problems(self.problems)),
        }
    }
}

/// Puts a configuration together.
pub fn load<C>(sources: Sources<'_, C::Layer>) -> Loaded<C>
where
    C: Config<Layer: DeserializeOwned>,
{
    let path = sources.path.or_else(|| Some(sources.usual).filter(|usual| usual.exists()));
    let text = path.map(|path| (path.display().to_string(), file::text(path)));
    let (name, text) = match text {
        Some((name, Ok(text))) => (Some(name), text),
        None => (None, String::new()),
        Some((_, Err(problem))) => {
            let places = Places::new(Vec::new(), sources.flags);
            return Loaded { config: None, places, problems: vec![problem] };
        }
    };
    compose(sources, name.as_deref(), &text)
}

/// The same with the text of a file that `name` stands for.
pub fn compose<C>(sources: Sources<'_, C::Layer>, name: Option<&str>, text: &str) -> Loaded<C>
where
    C: Config<Layer: DeserializeOwned>,
{
    let elsewhere = |key: &str| environment::table_of(&C::META, key);
    let mut of_environment = environment::read(&C::META, sources.variable);
    let (environment, wrong_variables) = recover::read::<C::Layer>(&mut of_environment.root, &elsewhere);
    let mut places = Places::new(of_environment.variables, sources.flags);
    let mut problems = of_environment.problems;
    for found in wrong_variables {
        // An empty one is what a variable that somebody forgot to set looks like.
        if !places.variable_of(&found).is_some_and(|name| of_environment.empty.contains(&name)) {
            problems.push(places.in_environment(found));
        }
    }

    let parsed = name.map_or_else(file::Parsed::none, |name| file::parse(name, text));
    let (mut root, is_toml) = (parsed.root, parsed.problems.is_empty());
    let (file, mistakes) = recover::read::<C::Layer>(&mut root, &elsewhere);
    let mut in_file = parsed.problems;
    for found in mistakes {
        // Beside what is no TOML, only what cannot be its consequence.
        let sure = is_toml || (found.line < parsed.doubtful && !found.missing);
        let problem = places.in_file(name.unwrap_or_default(), found);
        if sure && !in_file.iter().any(|other| !is_toml && other.place == problem.place) {
            in_file.push(problem);
        }
    }
    in_file.sort_by_key(Problem::line);
    problems.splice(0..0, in_file);
    if let Some(name) = name {
        places.set_file(name.to_owned(), root);
    }

    let layers = [Some(sources.command_line), environment, file];
    let config = layers.into_iter().flatten().fold(C::Layer::empty(), Layer::with_fallback);
    let config = C::from_layer(config.with_fallback(C::Layer::default_values()));
    let config = config.map_err(|error| problems.push(missing(&error))).ok();
    Loaded { config: config.filter(|_| is_toml), places, problems }
}

/// A key that has no default and is set nowhere.
fn missing(error: &confique::Error) -> Problem {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Problem { place: Place::Nowhere, key: String::new(), text, warning: false }
}

#[cfg(test)]
mod tests;

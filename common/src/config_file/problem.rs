//! What is wrong with a configuration, one line each.

use std::fmt;

/// One mistake, or something to think about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The key that it is about, such as `mqtt.url`; empty where it is about the file.
    pub key: String,
    /// What is wrong, and after a semicolon what to do.
    pub text: String,
    /// Whether it works all the same.
    pub warning: bool,
}

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line from 1, if it is about one.
    File(String, Option<usize>),
    /// In a variable of the environment.
    Variable(&'static str),
    /// In an option of the command line.
    Flag(&'static str),
    /// Nowhere: it is missing, and there is no file.
    Nowhere,
}

impl Problem {
    /// Something that cannot be, about a file as a whole.
    pub fn file(name: impl Into<String>, text: impl Into<String>) -> Self {
        let place = Place::File(name.into(), None);
        Self { place, key: String::new(), text: text.into(), warning: false }
    }

    /// The line of the file that it is about, from 1.
    pub fn line(&self) -> Option<usize> {
        if let Place::File(_, line) = self.place { line } else { None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(name, Some(line)) => write!(f, "{name}:{line}: ")?,
            Place::File(name, None) => write!(f, "{name}: ")?,
            Place::Variable(name) | Place::Flag(name) => write!(f, "{name}: ")?,
            Place::Nowhere => {}
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        // A value may hold a line break: a problem stays one line.
        self.text.chars().try_for_each(|c| write!(f, "{}", if c.is_control() { ' ' } else { c }))
    }
}

/// Every problem that keeps a configuration from being used: a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

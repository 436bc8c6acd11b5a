//! Passwords: never shown, read from a file or the environment.

use serde::Deserialize;
use std::{fmt, fs, path::Path};

/// A text that is never printed, not even by mistake.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// Why there is no secret, or no use for it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Not readable.
    #[error("cannot read the password file {path}: {source}; check the path, and who may read it")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Only one of user and password.
    #[error(
        "mqtt.username and a password (mqtt.password_file or EDGEWISE_MQTT_PASSWORD) go together, only one is set; set both, or neither"
    )]
    HalfLogin,
    /// Nothing in it.
    #[error("the password file {0} is empty; write the password on its first line")]
    Empty(String),
}

impl Secret {
    /// Takes a text as secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The first line of a file.
    ///
    /// # Errors
    /// When the file cannot be read or its first line is empty.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|source| SecretError::Unreadable { path: name.clone(), source })?;
        match text.lines().next().unwrap_or_default() {
            "" => Err(SecretError::Empty(name)),
            line => Ok(Self(line.to_owned())),
        }
    }

    /// The secret as given, or else the first line of the file, or else none. An empty one is none: it is
    /// what a variable that somebody forgot to set looks like.
    ///
    /// # Errors
    /// When the file is needed and gives none.
    pub fn either(given: Option<&Self>, file: Option<&Path>) -> Result<Option<Self>, SecretError> {
        match (given.filter(|secret| !secret.0.is_empty()), file) {
            (Some(secret), _) => Ok(Some(secret.clone())),
            (None, Some(file)) => Self::from_file(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The user and password of a broker, or neither; an empty user is none, like an empty password.
    ///
    /// # Errors
    /// When only one of them is there, or the file is needed and gives none.
    pub fn login(
        user: Option<&str>,
        given: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Option<(String, Self)>, SecretError> {
        match (user.filter(|user| !user.is_empty()), Self::either(given, file)?) {
            (Some(user), Some(password)) => Ok(Some((user.to_owned(), password))),
            (None, None) => Ok(None),
            _ => Err(SecretError::HalfLogin),
        }
    }

    /// The text itself. Whoever calls this sees to it that it goes nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "(secret)");
    }

    #[test]
    fn an_empty_one_is_none() {
        assert_eq!(Secret::either(Some(&Secret::new("")), None).unwrap(), None);
        assert_eq!(Secret::either(Some(&Secret::new("x")), None).unwrap(), Some(Secret::new("x")));
    }

    #[test]
    fn it_is_the_first_line_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, "hunter2\n# old: hunter1\n").unwrap();
        assert_eq!(Secret::from_file(&path).unwrap().expose(), "hunter2");
        fs::write(&path, "\n").unwrap();
        assert!(Secret::from_file(&path).unwrap_err().to_string().contains("is empty"));
        assert!(Secret::from_file(&dir.path().join("none")).unwrap_err().to_string().contains("cannot read"));
    }
}

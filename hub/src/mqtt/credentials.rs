//! An MQTT user and password.

use std::fmt;
use subtle::ConstantTimeEq;

/// A user and its password. Printing it shows the user only.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// The pair.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// Whether these are the ones, in a time that does not tell how much of them was right.
    pub fn matches(&self, user: Option<&[u8]>, password: Option<&[u8]>) -> bool {
        let (Some(user), Some(password)) = (user, password) else { return false };
        (self.user.as_bytes().ct_eq(user) & self.password.as_bytes().ct_eq(password)).into()
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, for the one place that sends it.
    pub(super) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_pair_matches() {
        let right = Credentials::new("hub", "s3cret");
        assert!(right.matches(Some(b"hub"), Some(b"s3cret")));
        for (user, password) in [
            (None, None),
            (Some("hub"), None),
            (None, Some("s3cret")),
            (Some("hub"), Some("s3cre")),
            (Some("hub"), Some("s3cret ")),
            (Some("hubs"), Some("s3cret")),
            (Some(""), Some("")),
        ] {
            assert!(!right.matches(user.map(str::as_bytes), password.map(str::as_bytes)), "{user:?}");
        }
    }

    #[test]
    fn nothing_given_matches_nothing() {
        assert!(!Credentials::new("", "").matches(None, None));
    }

    #[test]
    fn the_password_is_not_printed() {
        assert!(!format!("{:?}", Credentials::new("hub", "s3cret")).contains("s3cret"));
    }
}

//! Where things are in this repository.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// Cargo's target directory of this repository.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where the commands here keep their own files: stamps and logs.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// The panel's source.
pub(crate) fn dashboard() -> PathBuf {
    root().join("dashboard")
}

//! The hub's commands beside running: about its store.

mod backup;
mod doctor;
mod export;
mod import;
mod parquet;
mod progress;
mod table;

use crate::{
    config::{Config, ConfigError},
    run::STORE,
    store::{StoreError, postgresql::Settings},
};
use common::exit;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// What the hub does instead of running.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write a copy of the store; the hub may run meanwhile
    Backup {
        /// The copy. It must not be there
        file: PathBuf,
    },
    /// Put a backup in the store's place; the hub must not run. What was there is kept beside it
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Write history as a table; the hub may run meanwhile
    Export(export::Options),
    /// Read what `export` wrote; the hub must not run. What is there already is left as it is
    Import(import::Options),
    /// Look through the store and say in plain words what is there and what is wrong; the hub may run meanwhile
    Doctor,
}

/// Why a command failed. One line each.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Where the store is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store, or a copy of it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// What was asked for.
    #[error("{0}")]
    Asked(String),
    /// A line of a table.
    #[error("{path}, line {line}: {reason}; nothing of the lines after it was imported")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl CommandError {
    /// What a script may conclude.
    pub fn code(&self) -> u8 {
        match self {
            Self::Store(
                StoreError::Failed(_)
                | StoreError::FailedForNow(_)
                | StoreError::Damaged(_)
                | StoreError::Unreachable { .. },
            )
            | Self::File { .. } => exit::FAILURE,
            _ => exit::USAGE,
        }
    }

    fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }
}

/// The store that a command is about.
enum Place {
    File(PathBuf),
    Database(Box<Settings>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Database(settings) => f.write_str(settings.shown()),
        }
    }
}

/// Carries out a command on the store that is configured. The result is an exit code.
///
/// # Errors
/// One line that says what is in the way.
pub fn run(command: &Command, config: &Config) -> Result<u8, CommandError> {
    let place = match config.store.database()? {
        Some(database) => Place::Database(Box::new(database)),
        None => Place::File(config.data.join(STORE)),
    };
    match (command, &place) {
        (Command::Backup { file }, Place::File(store)) => backup::backup(store, file)?,
        (Command::Restore { file }, Place::File(store)) => backup::restore(store, file)?,
        (Command::Backup { .. } | Command::Restore { .. }, Place::Database(database)) => {
            return Err(CommandError::Asked(format!(
                "the store is the database {}: back it up with pg_dump --schema=edgewise, and put it back with psql or pg_restore while the hub does not run",
                database.shown()
            )));
        }
        (Command::Export(options), _) => export::export(place, options)?,
        (Command::Import(options), _) => import::import(place, options)?,
        (Command::Doctor, _) => return doctor::doctor(&place),
    }
    Ok(exit::CLEAN)
}

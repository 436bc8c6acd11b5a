//! One file of the spool: written batch by batch in one run of the agent, read whole.

use super::{
    batch::{self, Content, FILE_HEADER, FileError},
    sync_directory,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    file: File,
    /// Length of what is whole.
    bytes: u64,
}

impl Writing {
    /// Makes a new file, durably.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let made = file.write_all(&batch::file_header()).and_then(|()| file.sync_all());
        if let Err(error) = made.and_then(|()| sync_directory(path.parent().unwrap_or(Path::new(".")))) {
            // An empty file of a full disk helps nobody.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(Self { file, bytes: FILE_HEADER as u64 })
    }

    /// Adds a batch, durably, or changes nothing.
    pub(super) fn append(&mut self, batch: &[u8]) -> io::Result<()> {
        let end = self.bytes + batch.len() as u64;
        let written = self.file.write_all_at(batch, self.bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Should this fail as well: a torn batch is skipped when it is read.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes = end;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Kind(#[from] FileError),
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a file whole.
pub(super) fn read(path: &PathBuf) -> Result<Content, ReadError> {
    let bytes = std::fs::read(path)?;
    batch::check_file(&bytes)?;
    Ok(batch::decode(&bytes))
}

/// The number of summaries in a file by the headers of its batches, which is cheaper than reading it: what
/// is damaged, and all behind it, is not counted.
pub(super) fn count(path: &Path) -> Result<u64, ReadError> {
    let file = File::open(path)?;
    let mut header = Vec::with_capacity(FILE_HEADER);
    (&file).take(FILE_HEADER as u64).read_to_end(&mut header)?;
    batch::check_file(&header)?;
    let (mut at, mut summaries) = (FILE_HEADER as u64, 0);
    let mut glance = [0; batch::GLANCE];
    while file.read_exact_at(&mut glance, at).is_ok() {
        let Some((count, length)) = batch::glance(&glance) else { break };
        at += length as u64;
        summaries += u64::from(count);
    }
    Ok(summaries)
}

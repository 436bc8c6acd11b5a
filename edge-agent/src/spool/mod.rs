//! Summaries on disk: where they wait when the hub has not acknowledged them for long, or when the agent
//! ends.
//!
//! A directory of small files. Each run of the agent adds files of its own and never appends to an older one,
//! so a tail torn by a power cut needs no repair. A file is removed when all of it is acknowledged; which of
//! its summaries are is not noted on disk, for the hub knows what it has and a summary may come twice.

mod batch;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod segment;

pub use batch::{Entry, FileError};

use protocol::BootId;
use rustix::fs::{FlockOperation, flock};
use segment::Writing;
use std::{
    collections::VecDeque,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A file larger than this gets no more batches: it is read into memory whole, unpacked to some six times.
const SEGMENT_BYTES: u64 = 64 * 1024;
const PREFIX: &str = "summaries-";
const SUFFIX: &str = ".spool";

/// Why the spool cannot be used, or not now.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The directory.
    #[error(
        "the spool's directory {path} cannot be used ({reason}); make it writable for the agent or set spool.directory"
    )]
    Directory {
        /// Path of the directory.
        path: String,
        /// What the system says.
        reason: io::Error,
    },
    /// Somebody else has it.
    #[error("the spool {0} is in use by another agent; stop that one or set another spool.directory")]
    InUse(String),
    /// Writing failed.
    #[error("the spool {path} cannot be written ({reason}); is the disk full or read-only?")]
    Write {
        /// Path of the file.
        path: String,
        /// What the system says.
        reason: io::Error,
    },
}

/// The spool.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    cap_bytes: u64,
    /// Oldest first; the last may be `writing`.
    segments: VecDeque<Segment>,
    writing: Option<Writing>,
    next_number: u64,
    dropped: u64,
    /// Held as long as the spool is ours.
    _lock: File,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    summaries: u64,
    /// Its summaries are on their way: it is not dropped for want of room.
    taken: bool,
}

/// The summaries of one file.
#[derive(Debug)]
pub struct Taken {
    /// What [`Spool::remove`] wants.
    pub number: u64,
    /// All that could be read, in the order in which it was written.
    pub entries: Vec<Entry>,
}

impl Spool {
    /// Opens the spool in `directory`, which is made if need be, for at most `cap_bytes` of files. Files that
    /// are no spool's are left alone, each with a line in the log.
    ///
    /// # Errors
    /// When the directory cannot be used, or another agent uses it.
    pub fn open(directory: &Path, cap_bytes: u64) -> Result<Self, SpoolError> {
        let shown = || directory.display().to_string();
        let unusable = |reason| SpoolError::Directory { path: shown(), reason };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
        let lock = File::open(directory).map_err(unusable)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| SpoolError::InUse(shown()))?;
        let mut spool = Self {
            directory: directory.to_owned(),
            cap_bytes,
            segments: VecDeque::new(),
            writing: None,
            next_number: 1,
            dropped: 0,
            _lock: lock,
        };
        spool.find_segments().map_err(unusable)?;
        Ok(spool)
    }

    fn find_segments(&mut self) -> io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
            let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) else { continue };
            self.next_number = self.next_number.max(number.saturating_add(1));
            match segment::count(&entry.path()) {
                Ok(summaries) => {
                    let bytes = entry.metadata()?.len();
                    found.push(Segment { number, bytes, summaries, taken: false });
                }
                Err(error) => tracing::warn!(file = %entry.path().display(), "spool file left out: {error}"),
            }
        }
        found.sort_by_key(|segment| segment.number);
        self.segments = found.into();
        Ok(())
    }

    /// Adds summaries, durably. To make room the oldest are dropped, and counted.
    ///
    /// # Errors
    /// When they are not on disk. Nothing has been added then.
    pub fn append<'a>(
        &mut self,
        entries: impl ExactSizeIterator<Item = (&'a BootId, u64, &'a [u8])>,
    ) -> Result<(), SpoolError> {
        let summaries = entries.len() as u64;
        let batch = batch::encode(entries);
        self.make_room(batch.len() as u64);
        let full = |writing: &Writing| writing.bytes() + batch.len() as u64 > SEGMENT_BYTES;
        if self.writing.as_ref().is_none_or(full) {
            self.begin_segment()?;
        }
        let (Some(writing), Some(segment)) = (&mut self.writing, self.segments.back_mut()) else {
            unreachable!("a segment was begun");
        };
        if let Err(reason) = writing.append(&batch) {
            self.writing = None;
            return Err(self.write_error(self.next_number - 1, reason));
        }
        segment.bytes = writing.bytes();
        segment.summaries += summaries;
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), SpoolError> {
        self.writing = None;
        let number = self.next_number;
        let writing = Writing::create(&self.path(number)).map_err(|e| self.write_error(number, e))?;
        self.next_number += 1;
        self.segments.push_back(Segment { number, bytes: writing.bytes(), summaries: 0, taken: false });
        self.writing = Some(writing);
        Ok(())
    }

    fn make_room(&mut self, bytes: u64) {
        while self.bytes() + bytes + batch::FILE_HEADER as u64 > self.cap_bytes {
            let Some(oldest) = self.segments.iter().position(|segment| !segment.taken) else { return };
            let segment = self.segments.remove(oldest).expect("found a moment ago");
            if oldest == self.segments.len() {
                self.writing = None;
            }
            self.dropped += segment.summaries;
            self.delete(segment.number);
        }
    }

    /// Reads the oldest file whose summaries are not on their way yet. Damage is told in the log and what is
    /// whole is given. The file stays until it is [removed](Self::remove).
    pub fn take_oldest(&mut self) -> Option<Taken> {
        loop {
            let oldest = self.segments.iter().position(|segment| !segment.taken)?;
            if oldest + 1 == self.segments.len() {
                self.writing = None;
            }
            let number = self.segments[oldest].number;
            let path = self.path(number);
            match segment::read(&path) {
                Ok(content) => {
                    if content.damaged_bytes > 0 {
                        tracing::warn!(
                            file = %path.display(),
                            bytes = content.damaged_bytes,
                            saved = content.entries.len(),
                            "a spool file is damaged, by a power cut or a worn card: what the damaged part held is lost"
                        );
                    }
                    self.segments[oldest].taken = true;
                    return Some(Taken { number, entries: content.entries });
                }
                Err(error) => {
                    tracing::warn!(file = %path.display(), "spool file left out: {error}");
                    self.segments.remove(oldest);
                }
            }
        }
    }

    /// Removes the file with this number: its summaries are acknowledged.
    pub fn remove(&mut self, number: u64) {
        let before = self.segments.len();
        self.segments.retain(|segment| segment.number != number);
        if self.segments.len() < before {
            self.delete(number);
        }
    }

    /// A file that cannot be deleted is sent again after the next start, which harms nobody.
    fn delete(&self, number: u64) {
        let path = self.path(number);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(file = %path.display(), "a spool file cannot be removed: {error}");
        }
    }

    /// Summaries on disk that no file on its way holds.
    pub fn waiting(&self) -> u64 {
        self.segments.iter().filter(|segment| !segment.taken).map(|segment| segment.summaries).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Summaries that were dropped to make room, since the spool was opened.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{PREFIX}{number:08}{SUFFIX}"))
    }

    fn write_error(&self, number: u64, reason: io::Error) -> SpoolError {
        SpoolError::Write { path: self.path(number).display().to_string(), reason }
    }
}

/// Makes the coming and going of files durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;

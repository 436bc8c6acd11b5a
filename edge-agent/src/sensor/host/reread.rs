//! Files of /proc and /sys that are read again at every tick.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

/// Room for one reading at first; it grows to the largest that came.
const ROOM: usize = 1024;

/// A file that stays open and is read from its start into the same buffer each time: opening costs more
/// than reading for most files of /proc, and the steady state allocates nothing.
#[derive(Debug)]
pub(super) struct Reread {
    file: File,
    buffer: Vec<u8>,
}

impl Reread {
    /// Opens the file.
    ///
    /// # Errors
    /// When it is not there or must not be read.
    pub(super) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Ok(Self { file: File::open(path).map_err(named)?, buffer: Vec::new() })
    }

    /// What the file says now.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub(super) fn text(&mut self) -> io::Result<&str> {
        let mut length = 0;
        loop {
            if length == self.buffer.len() {
                self.buffer.resize(length.max(ROOM / 2) * 2, 0);
            }
            // The kernel makes the text at offset 0; what follows belongs to the same reading.
            match self.file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        std::str::from_utf8(&self.buffer[..length]).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_reading_is_whole_and_new() {
        let path = std::env::temp_dir().join(format!("reread-{}", std::process::id()));
        fs::write(&path, "x".repeat(5000)).unwrap();
        let mut file = Reread::open(&path).unwrap();
        assert_eq!(file.text().unwrap().len(), 5000);
        fs::write(&path, "short").unwrap();
        assert_eq!(file.text().unwrap(), "short");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        assert!(Reread::open("/no/such/file").unwrap_err().to_string().starts_with("/no/such/file: "));
    }
}

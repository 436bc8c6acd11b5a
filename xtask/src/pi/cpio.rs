//! Archives that the kernel unpacks into its first file system: cpio's "newc" format, as the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst` has it.

const DIRECTORY: u32 = 0o04_0000;
const FILE: u32 = 0o10_0000;

/// An archive whose files all belong to root.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    pub(super) fn directory(&mut self, path: &str) {
        self.entry(path, DIRECTORY | 0o755, b"");
    }

    /// A file; the directory that it lies in must be there.
    pub(super) fn file(&mut self, path: &str, mode: u32, contents: &[u8]) {
        self.entry(path, FILE | mode, contents);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, b"");
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, contents: &[u8]) {
        self.entries += 1;
        let length = |bytes: usize| u32::try_from(bytes).expect("a RAM disk holds less than 4 GB");
        // Inode, mode, user, group, links, time, size, device and its kind (twice two), name, no checksum.
        let links = if mode & DIRECTORY != 0 { 2 } else { 1 };
        let size = length(contents.len());
        let name = length(path.len() + 1);
        let fields = [self.entries, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name, 0];
        let header =
            fields.iter().fold("070701".to_owned(), |header, field| header + &format!("{field:08X}"));
        self.bytes.extend(header.bytes());
        self.bytes.extend(path.bytes().chain([0]));
        self.pad();
        self.bytes.extend(contents);
        self.pad();
    }

    /// Names and contents end at multiples of four bytes.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_as_the_kernel_wants_them() {
        let mut archive = Archive::default();
        archive.file("init", 0o755, b"hello");
        let bytes = archive.finish();
        let text = String::from_utf8(bytes[..110].to_vec()).unwrap();
        assert_eq!(&text[..22], "07070100000001000081ED", "magic, inode, mode 0100755");
        assert_eq!(
            (&text[54..62], &text[94..102]),
            ("00000005", "00000005"),
            "five bytes, a name of four and 0"
        );
        assert_eq!(&bytes[110..124], b"init\0\0hello\0\0\0");
        assert!(bytes.ends_with(b"TRAILER!!!\0\0\0\0") && bytes.len() % 4 == 0);
    }
}

//! A fingerprint of files, to leave out a build whose inputs are unchanged.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A fingerprint of the names and contents of everything below `base`, without the entries of `base`
/// itself that are named in `skip`. Stable for one Rust release, which is enough for a cache.
pub(crate) fn fingerprint(base: &Path, skip: &[&str]) -> anyhow::Result<u64> {
    let mut files = Vec::new();
    for entry in entries(base)? {
        let skipped = entry.file_name().is_some_and(|name| skip.iter().any(|skip| name == *skip));
        if !skipped {
            collect(entry, &mut files)?;
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(base)?.hash(&mut hasher);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in entries(&path)? {
            collect(entry, files)?;
        }
    } else if path.is_file() {
        files.push(path);
    }
    Ok(())
}

fn entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    read.map(|entry| Ok(entry?.path())).collect()
}

/// Whether `stamp` holds this fingerprint.
pub(crate) fn is_current(stamp: &Path, fingerprint: u64) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == fingerprint.to_string())
}

/// Writes the fingerprint for the next time.
pub(crate) fn write_stamp(stamp: &Path, fingerprint: u64) -> anyhow::Result<()> {
    if let Some(dir) = stamp.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(stamp, fingerprint.to_string()).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_and_names_count_and_skipped_entries_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let now = || fingerprint(dir.path(), &["dist"]).unwrap();
        write("src/a.ts", "a");
        let first = now();
        assert_eq!(now(), first);

        write("dist/index.html", "built");
        assert_eq!(now(), first, "the result of the build is no input");

        write("src/a.ts", "b");
        let changed = now();
        assert_ne!(changed, first);

        fs::rename(dir.path().join("src/a.ts"), dir.path().join("src/b.ts")).unwrap();
        assert_ne!(now(), changed);

        write("src/dist/c.ts", "c");
        let nested = now();
        write("src/dist/c.ts", "d");
        assert_ne!(now(), nested, "only entries of the top are skipped");
    }

    #[test]
    fn a_stamp_is_current_only_for_its_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let stamp = dir.path().join("deep/panel.stamp");
        assert!(!is_current(&stamp, 7));
        write_stamp(&stamp, 7).unwrap();
        assert!(is_current(&stamp, 7));
        assert!(!is_current(&stamp, 70));
    }
}

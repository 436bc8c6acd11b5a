//! `backup` and `restore`: whole stores, copied to the side and put in place in one step.

use super::{
    CommandError,
    progress::{Progress, megabytes},
};
use crate::store::sqlite::{self, Exclusive};
use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

pub(super) fn backup(store: &Path, file: &Path) -> Result<(), CommandError> {
    refuse_existing(file, "remove it or name another file")?;
    sqlite::check(store)?;
    let part = beside(file, ".part");
    copy("backup", store, &part)?;
    put_in_place(&part, file)?;
    println!("{} holds the store as it was, {}", file.display(), size(file));
    Ok(())
}

pub(super) fn restore(store: &Path, file: &Path) -> Result<(), CommandError> {
    sqlite::check(file)?;
    let kept = beside(store, ".before-restore");
    refuse_existing(&kept, "it is what an earlier restore replaced, move it away")?;
    if let Some(directory) = store.parent() {
        fs::create_dir_all(directory).map_err(|error| CommandError::file(directory, error))?;
    }
    // Held to the end: no hub may start in the middle.
    let exclusive = Exclusive::of(store)?;
    let part = beside(store, ".part");
    copy("restore", file, &part)?;
    let problems = sqlite::integrity(&part)?;
    if let Some(problem) = problems.first() {
        return Err(CommandError::Asked(format!(
            "{} is damaged ({problem}): take another backup",
            file.display()
        )));
    }
    let replaced = store.exists();
    if replaced {
        exclusive.settle();
        // Its log first: a database must never meet the log of another one.
        for ending in ["-wal", "-shm", ""] {
            let (from, to) = (beside(store, ending), beside(&kept, ending));
            if from.exists() {
                fs::rename(&from, &to).map_err(|error| CommandError::file(&from, error))?;
            }
        }
    }
    put_in_place(&part, store)?;
    println!("{} is in place, {}", file.display(), size(store));
    if replaced {
        println!("what it replaced is {}; remove that when you are content", kept.display());
    }
    Ok(())
}

fn copy(what: &str, from: &Path, part: &Path) -> Result<(), CommandError> {
    // Of a copy that was broken off.
    if part.exists() {
        fs::remove_file(part).map_err(|error| CommandError::file(part, error))?;
    }
    let whole = fs::metadata(from).map_or(0, |metadata| metadata.len());
    let copied = Progress::new().watch(what, part, whole, || sqlite::copy(from, part));
    if copied.is_err() {
        // The reason is told; a rest that cannot be removed is removed next time.
        let _ = fs::remove_file(part);
    }
    Ok(copied?)
}

/// After this the whole file is there, or none, whatever happens to the power.
fn put_in_place(part: &Path, file: &Path) -> Result<(), CommandError> {
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    sync(part).map_err(|error| CommandError::file(part, error))?;
    fs::rename(part, file).map_err(|error| CommandError::file(file, error))?;
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => {
            sync(directory).map_err(|error| CommandError::file(directory, error))
        }
        _ => Ok(()),
    }
}

fn refuse_existing(file: &Path, remedy: &str) -> Result<(), CommandError> {
    if file.exists() {
        return Err(CommandError::Asked(format!("{} is there already: {remedy}", file.display())));
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn size(file: &Path) -> String {
    megabytes(fs::metadata(file).map_or(0, |metadata| metadata.len()))
}

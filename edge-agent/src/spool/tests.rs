use super::*;
use tempfile::TempDir;

const BOOT: &str = "b1";

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(directory: &TempDir, cap_bytes: u64) -> Spool {
    Spool::open(&directory.path().join("spool"), cap_bytes).unwrap()
}

/// Text that does not pack, so that sizes are what they seem.
fn noise(sequence: u64) -> Vec<u8> {
    let mut x = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    };
    (0..1000).map(|_| next()).collect()
}

fn append(spool: &mut Spool, sequences: std::ops::RangeInclusive<u64>) -> Result<(), SpoolError> {
    let boot: BootId = BOOT.parse().unwrap();
    let bodies: Vec<_> = sequences.map(|sequence| (sequence, noise(sequence))).collect();
    spool.append(bodies.iter().map(|(sequence, json)| (&boot, *sequence, json.as_slice())))
}

fn drain(spool: &mut Spool) -> Vec<u64> {
    let mut sequences = Vec::new();
    while let Some(taken) = spool.take_oldest() {
        for entry in &taken.entries {
            assert_eq!((entry.boot.as_str(), &entry.json), (BOOT, &noise(entry.sequence)));
        }
        sequences.extend(taken.entries.iter().map(|entry| entry.sequence));
        spool.remove(taken.number);
    }
    sequences
}

fn files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path().join("spool")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_is_on_disk_outlives_the_process_and_leaves_in_order() {
    let directory = directory();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 1..=5).unwrap();
    append(&mut spool, 6..=10).unwrap();
    drop(spool);
    let mut spool = open(&directory, 1 << 20);
    assert_eq!(spool.waiting(), 10);
    append(&mut spool, 11..=12).unwrap();
    assert_eq!(spool.waiting(), 12);
    assert_eq!(drain(&mut spool), (1..=12).collect::<Vec<_>>());
    assert_eq!((spool.waiting(), spool.bytes(), files(&directory).len()), (0, 0, 0));
}

#[test]
fn a_file_that_is_on_its_way_stays_until_it_is_removed() {
    let directory = directory();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 1..=2).unwrap();
    let taken = spool.take_oldest().unwrap();
    assert!(spool.take_oldest().is_none());
    append(&mut spool, 3..=3).unwrap();
    assert_eq!(files(&directory).len(), 2, "what is on its way is not written to");
    drop(spool);

    let mut spool = open(&directory, 1 << 20);
    assert_eq!(spool.take_oldest().unwrap().entries, taken.entries, "killed before it was acknowledged");
}

#[test]
fn large_spools_are_many_files_and_a_full_one_drops_the_oldest_and_counts() {
    let directory = directory();
    let mut spool = open(&directory, 300_000);
    for first in (1..=500).step_by(5) {
        append(&mut spool, first..=first + 4).unwrap();
        assert!(spool.bytes() <= 300_000);
    }
    let on_disk: u64 = files(&directory).iter().map(|file| file.metadata().unwrap().len()).sum();
    assert_eq!(on_disk, spool.bytes());
    let left = drain(&mut spool);
    assert_eq!(left.last(), Some(&500));
    assert_eq!(left.len() as u64 + spool.dropped(), 500);
    assert!(spool.dropped() > 0 && left.len() > 200, "{}", left.len());
    assert!(left.is_sorted());
}

#[test]
fn what_is_on_its_way_is_not_dropped_for_want_of_room() {
    let directory = directory();
    let mut spool = open(&directory, 100_000);
    append(&mut spool, 1..=5).unwrap();
    let taken = spool.take_oldest().unwrap();
    for first in (6..=300).step_by(5) {
        append(&mut spool, first..=first + 4).unwrap();
    }
    assert!(files(&directory)[0].ends_with("summaries-00000001.spool"));
    spool.remove(taken.number);
    assert_eq!(drain(&mut spool).len() as u64 + spool.dropped(), 295);
}

#[test]
fn a_torn_tail_costs_only_itself() {
    let directory = directory();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 1..=5).unwrap();
    append(&mut spool, 6..=9).unwrap();
    drop(spool);
    let file = &files(&directory)[0];
    File::options().write(true).open(file).unwrap().set_len(file.metadata().unwrap().len() - 100).unwrap();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 10..=10).unwrap();
    assert_eq!(drain(&mut spool), [1, 2, 3, 4, 5, 10]);
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let directory = directory();
    drop(open(&directory, 1 << 20));
    let path = |name: &str| directory.path().join("spool").join(name);
    fs::write(path("summaries-00000007.spool"), "somebody's diary").unwrap();
    fs::write(path("summaries-00000008.spool"), b"EDGEWISE-SPOOL\x09\x00from the future").unwrap();
    fs::write(path("notes.txt"), "mine").unwrap();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 1..=1).unwrap();
    assert_eq!(drain(&mut spool), [1]);
    assert_eq!(fs::read(path("summaries-00000007.spool")).unwrap(), b"somebody's diary");
    assert_eq!(files(&directory).len(), 3);
}

#[test]
fn two_agents_do_not_share_a_spool_and_a_file_is_no_directory() {
    let directory = directory();
    let _first = open(&directory, 1 << 20);
    let error = Spool::open(&directory.path().join("spool"), 1 << 20).unwrap_err().to_string();
    assert!(error.contains("in use by another agent") && error.contains("spool.directory"), "{error}");
    fs::write(directory.path().join("file"), "").unwrap();
    let error = Spool::open(&directory.path().join("file"), 1 << 20).unwrap_err().to_string();
    assert!(error.contains("cannot be used") && error.contains("spool.directory"), "{error}");
}

#[test]
fn the_spool_is_for_the_agent_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let mut spool = open(&directory, 1 << 20);
    append(&mut spool, 1..=1).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.path().join("spool")), 0o700);
    assert_eq!(mode(&files(&directory)[0]), 0o600);
}

//! What a running process costs, read from `/proc`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

/// Counters of one process since its start, but for the memory, which is of now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cost {
    /// User and system time of all threads, in clock ticks of 10 ms.
    pub(crate) cpu_ticks: u64,
    /// Time on a CPU of the threads that live, in nanoseconds: what the ticks are too coarse for.
    pub(crate) cpu_nanoseconds: u64,
    /// Proportional share of the memory, in bytes.
    pub(crate) pss_bytes: u64,
    /// Bytes that went towards a disk.
    pub(crate) written_bytes: u64,
}

/// Reads the counters of a process.
pub(crate) fn read(process: u32) -> anyhow::Result<Cost> {
    let dir = PathBuf::from(format!("/proc/{process}"));
    let file = |name: &str| {
        let path = dir.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut cpu_nanoseconds = 0;
    for thread in fs::read_dir(dir.join("task"))? {
        // A thread may end between the listing and the reading.
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        cpu_nanoseconds += on_cpu(&text).unwrap_or(0);
    }
    Ok(Cost {
        cpu_ticks: ticks(&file("stat")?).context("/proc/PID/stat has another form")?,
        cpu_nanoseconds,
        pss_bytes: keyed(&file("smaps_rollup")?, "Pss:").context("smaps_rollup has no Pss")? * 1024,
        written_bytes: keyed(&file("io")?, "write_bytes:").context("io has no write_bytes")?,
    })
}

/// `utime` + `stime`; the name before them may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn on_cpu(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// The number behind a key at the begin of a line.
fn keyed(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_survive_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 961 0 0 0 31 11 0 0 20 0 1 0 100 0 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn a_key_is_matched_whole_and_at_the_begin_of_a_line() {
        let rollup =
            "55e0-7ffd ---p 00000000 00:00 0  [rollup]\nRss:  4000 kB\nPss:  2012 kB\nPss_Anon: 9 kB\n";
        assert_eq!(keyed(rollup, "Pss:"), Some(2012));
        let io = "rchar: 1\nwchar: 2\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n";
        assert_eq!(keyed(io, "write_bytes:"), Some(4096));
        assert_eq!(keyed(io, "bytes:"), None);
    }

    #[test]
    fn this_very_process_has_a_cost() {
        let cost = read(std::process::id()).unwrap();
        assert!(cost.pss_bytes > 100_000, "{cost:?}");
        assert!(cost.cpu_nanoseconds > 0, "{cost:?}");
    }
}

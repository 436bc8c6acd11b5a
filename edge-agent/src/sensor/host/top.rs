//! The processes that cost most, from /proc/PID/stat. Off by default: it opens a file for each process.

use super::id;
use crate::{clock::Moment, sensor::Sensor};
use protocol::{CpuShare, Fault, MemoryShare, MetricDescription, SensorId, Top};
use std::{collections::HashMap, fs, io, path::Path};

/// How many of each list.
const MOST: usize = 5;
/// Looking at every process is dear: no more often than this.
const LEAST_MS: u64 = 5_000;

/// The five processes that use the most CPU time and the five that use the most memory. Only their short
/// names are told: arguments may hold secrets.
pub(super) struct Processes {
    id: SensorId,
    /// CPU time of each process at the last look, by its id; the start time tells two with one id apart.
    last: HashMap<u32, Spent>,
    since_ms: Option<u64>,
    ticks_per_second: f64,
    page_bytes: u64,
    top: Option<Box<Top>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spent {
    started: u64,
    ticks: u64,
}

/// One process at one look.
#[derive(Debug, PartialEq)]
struct Process {
    pid: u32,
    name: String,
    spent: Spent,
    pages: u64,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self {
            id: id("top"),
            last: HashMap::new(),
            since_ms: None,
            ticks_per_second: rustix::param::clock_ticks_per_second() as f64,
            page_bytes: rustix::param::page_size() as u64,
            top: None,
        }
    }

    /// The lists, from what all processes had done by `at_ms`. Nothing at the first look: CPU time needs two.
    fn rank(&mut self, processes: &[Process], at_ms: u64) -> Option<Top> {
        let spent = processes.iter().map(|process| (process.pid, process.spent)).collect();
        let last = std::mem::replace(&mut self.last, spent);
        let since_ms = self.since_ms.replace(at_ms)?;
        let elapsed_s = at_ms.saturating_sub(since_ms) as f64 / 1000.0;
        let ticks = |process: &Process| match last.get(&process.pid) {
            Some(last) if last.started == process.spent.started => {
                process.spent.ticks.saturating_sub(last.ticks)
            }
            _ => process.spent.ticks,
        };
        let percent = |ticks: u64| ticks as f64 / self.ticks_per_second / elapsed_s * 100.0;
        let cpu = largest(processes, ticks).map(|(process, ticks)| CpuShare {
            name: process.name.clone(),
            pid: process.pid,
            percent: (percent(ticks) * 10.0).round() / 10.0,
        });
        let memory = largest(processes, |process| process.pages).map(|(process, pages)| MemoryShare {
            name: process.name.clone(),
            pid: process.pid,
            bytes: pages * self.page_bytes,
        });
        Some(Top { cpu: cpu.collect(), memory: memory.collect() })
    }
}

/// The processes with the most of something, but for those that have none.
fn largest(processes: &[Process], of: impl Fn(&Process) -> u64) -> impl Iterator<Item = (&Process, u64)> {
    let mut ranked: Vec<_> = processes.iter().map(|process| (process, of(process))).collect();
    ranked.retain(|(_, amount)| *amount > 0);
    ranked.sort_by_key(|(process, amount)| (std::cmp::Reverse(*amount), process.pid));
    ranked.into_iter().take(MOST)
}

/// All processes below a /proc. One that ends meanwhile is left out.
fn look(proc: &Path) -> io::Result<Vec<Process>> {
    let pids = fs::read_dir(proc)?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter_map(|pid: u32| parse(pid, &fs::read(proc.join(format!("{pid}/stat"))).ok()?)).collect())
}

/// A /proc/PID/stat. The name in it may hold anything, brackets and spaces too.
fn parse(pid: u32, stat: &[u8]) -> Option<Process> {
    let stat = String::from_utf8_lossy(stat);
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    // From the third field on: utime and stime are the 14th and 15th, starttime the 22nd, rss the 24th.
    let field = |number: usize| rest.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
    let spent = Spent { ticks: field(14)? + field(15)?, started: field(22)? };
    Some(Process { pid, name, spent, pages: field(24)? })
}

impl Sensor for Processes {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &[]
    }

    fn read(&mut self, at: Moment, _values: &mut [Option<f64>]) -> Result<(), Fault> {
        // A tick may come some milliseconds early.
        let early_ms = LEAST_MS - LEAST_MS / 10;
        let due = self.since_ms.is_none_or(|since| at.monotonic_ms.saturating_sub(since) >= early_ms);
        if due {
            let processes = look(Path::new("/proc")).map_err(|_| Fault::NoAnswer)?;
            self.top = self.rank(&processes, at.monotonic_ms).map(Box::new);
        }
        Ok(())
    }

    fn top(&mut self) -> Option<Box<Top>> {
        self.top.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};

    fn process(pid: u32, started: u64, ticks: u64, pages: u64) -> Process {
        Process { pid, name: format!("p{pid}"), spent: Spent { started, ticks }, pages }
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = b"42 (a) R 1 (b\xff) S 1 42 42 0 -1 4194304 961 0 0 0 31 11 0 0 20 0 1 0 777 123456 9 18446744073709551615";
        let name = "a) R 1 (b\u{fffd}".to_owned();
        let spent = Spent { started: 777, ticks: 42 };
        assert_eq!(parse(42, stat), Some(Process { pid: 42, name, spent, pages: 9 }));
        assert_eq!(parse(42, b"42 (a) S 1"), None);
    }

    #[test]
    fn the_five_largest_of_each_in_order() {
        let mut processes = Processes { ticks_per_second: 100.0, page_bytes: 4096, ..Processes::new() };
        let first: Vec<Process> = (1..=7).map(|pid| process(pid, 1, 1000, u64::from(pid))).collect();
        assert_eq!(processes.rank(&first, 0), None, "CPU time needs two looks");
        let mut second: Vec<Process> =
            (1..=7).map(|pid| process(pid, 1, 1000 + 50 * u64::from(pid), u64::from(pid))).collect();
        second[6] = process(7, 2, 30, 0);
        let top = processes.rank(&second, 5_000).unwrap();
        let cpu: Vec<(u32, f64)> = top.cpu.iter().map(|share| (share.pid, share.percent)).collect();
        assert_eq!(cpu, [(6, 60.0), (5, 50.0), (4, 40.0), (3, 30.0), (2, 20.0)]);
        let memory: Vec<(u32, u64)> = top.memory.iter().map(|share| (share.pid, share.bytes)).collect();
        assert_eq!(memory[..2], [(6, 6 * 4096), (5, 5 * 4096)]);
        second.truncate(1);
        second.push(process(7, 9, 40, 1));
        let top = processes.rank(&second, 10_000).unwrap();
        let cpu: Vec<(u32, f64)> = top.cpu.iter().map(|share| (share.pid, share.percent)).collect();
        assert_eq!(cpu, [(7, 8.0)], "another process under an old id; one that idled is not listed");
    }

    #[test]
    fn this_process_is_seen_and_no_look_is_told_twice() {
        let mut processes = Processes::new();
        let own = std::process::id();
        assert!(look(Path::new("/proc")).unwrap().iter().any(|process| process.pid == own));
        read(&mut processes, at(0)).unwrap();
        assert_eq!(processes.top(), None);
        read(&mut processes, at(1_000)).unwrap();
        assert_eq!(processes.top(), None, "too soon");
        read(&mut processes, at(4_900)).unwrap();
        assert!(!processes.top().unwrap().memory.is_empty());
        assert_eq!(processes.top(), None);
    }
}

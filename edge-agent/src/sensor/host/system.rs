//! How long the machine has been up, how many tasks want its CPUs, and how many processes there are.

use super::{describe, id};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use rustix::fs::{RawDir, SeekFrom, seek};
use std::{fs::File, io, mem::MaybeUninit};

/// Uptime, load and number of processes.
pub(super) struct System {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    /// /proc, if all processes can be seen there.
    processes: Option<File>,
}

impl System {
    pub(super) fn new() -> io::Result<Self> {
        figures().map_err(|error| io::Error::other(error.to_string()))?;
        let processes = File::open("/proc").ok().filter(|proc| list(proc).is_ok_and(|seen| seen.first));
        let id = id("system");
        let load = |what, over| describe(&id, what, Unit::Count, Kind::Gauge, &format!("Load over {over}"));
        let mut metrics = vec![
            describe(&id, "uptime", Unit::Seconds, Kind::Counter, "Uptime"),
            load("load_1m", "one minute"),
            load("load_5m", "5 minutes"),
            load("load_15m", "15 minutes"),
        ];
        if processes.is_some() {
            metrics.push(describe(&id, "processes", Unit::Count, Kind::Gauge, "Processes"));
        }
        Ok(Self { id, metrics, processes })
    }
}

fn figures() -> Result<[f64; 4], sysinfo::Error> {
    let load = sysinfo::System::load_average()?;
    Ok([sysinfo::System::uptime()? as f64, load.one, load.five, load.fifteen])
}

/// The processes in a listing of /proc.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    number: u32,
    /// Whether the first of all is among them. If not, the system hides those of other users, and a number
    /// would be wrong.
    first: bool,
}

fn list(proc: &File) -> io::Result<Seen> {
    seek(proc, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(proc, &mut buffer);
    let mut seen = Seen::default();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        seen.number += u32::from(name.first().is_some_and(u8::is_ascii_digit));
        seen.first |= name == b"1";
    }
    Ok(seen)
}

impl Sensor for System {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let figures = figures().map_err(|_| Fault::NoAnswer)?;
        values[..4].copy_from_slice(&figures.map(Some));
        if let Some(proc) = &self.processes {
            values[4] = Some(f64::from(list(proc).map_err(|_| Fault::NoAnswer)?.number));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::fs;

    #[test]
    fn uptime_and_load_are_the_kernels() {
        let uptime = || -> f64 {
            let text = fs::read_to_string("/proc/uptime").unwrap();
            text.split(' ').next().unwrap().parse().unwrap()
        };
        let before = uptime().floor();
        let values = read(&mut System::new().unwrap(), at(0)).unwrap();
        assert!((before..=uptime()).contains(&values[0].unwrap()), "{values:?}");
        assert!(values[1..4].iter().all(|load| *load >= Some(0.0)), "{values:?}");
    }

    #[test]
    fn processes_are_counted_anew_each_time() {
        let proc = File::open("/proc").unwrap();
        let visible = || fs::read_dir("/proc").unwrap().flatten();
        let number =
            || visible().filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok()).count();
        // Others start and end meanwhile, so the same number is not to be had at once.
        let same = (0..100).any(|_| {
            let before = number();
            list(&proc).unwrap().number as usize == before && before == number()
        });
        assert!(same && list(&proc).unwrap().first);
    }

    #[test]
    fn a_listing_without_the_first_process_hides_others() {
        let seen = list(&File::open("/sys").unwrap()).unwrap();
        assert_eq!(seen, Seen { number: 0, first: false });
    }
}

//! Load of the CPUs, from the counters of /proc/stat.

use super::{describe, id, percent, reread::Reread};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::io;

/// What a CPU did since it was started, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spent {
    busy: u64,
    idle: u64,
}

/// Share of the time since the last tick that each CPU, and all together, did not idle.
pub(super) struct Cpu {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    stat: Reread,
    /// The kernel's name of the CPU behind each metric (`cpu` is all of them), and what it had done at the
    /// last tick.
    cpus: Vec<(String, Option<Spent>)>,
}

impl Cpu {
    pub(super) fn new() -> io::Result<Self> {
        let mut stat = Reread::open("/proc/stat")?;
        let cpus: Vec<_> = lines(stat.text()?).map(|(name, _)| (name.to_owned(), None)).collect();
        if cpus.is_empty() {
            return Err(io::Error::other("/proc/stat lists no CPU"));
        }
        let id = id("cpu");
        let describe = |name: &str| {
            let label = if name == "cpu" { "CPU".to_owned() } else { name.replace("cpu", "CPU ") };
            describe(&id, name, Unit::Percent, Kind::Gauge, &label)
        };
        let metrics = cpus.iter().map(|(name, _)| describe(name)).collect();
        Ok(Self { id, metrics, stat, cpus })
    }
}

/// The CPUs of a /proc/stat. One that is offline is not in it.
fn lines(stat: &str) -> impl Iterator<Item = (&str, Spent)> {
    stat.lines().take_while(|line| line.starts_with("cpu")).filter_map(|line| {
        let (name, counters) = line.split_once(' ')?;
        let mut ticks = counters.split_ascii_whitespace().map_while(|field| field.parse::<u64>().ok());
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user and nice already.
        let mut spent = Spent { busy: 0, idle: 0 };
        for place in 0..8 {
            // Old kernels have fewer columns.
            let ticks = if place < 4 { ticks.next()? } else { ticks.next().unwrap_or(0) };
            *(if matches!(place, 3 | 4) { &mut spent.idle } else { &mut spent.busy }) += ticks;
        }
        Some((name, spent))
    })
}

/// Share of the time between two readings that was not idle; `None` when no time passed or the counters
/// fell, as they do when a CPU comes back.
fn busy_percent(before: Spent, now: Spent) -> Option<f64> {
    let (busy, idle) = (now.busy.checked_sub(before.busy)?, now.idle.checked_sub(before.idle)?);
    (busy + idle > 0).then(|| percent(busy, busy + idle))
}

impl Sensor for Cpu {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let stat = self.stat.text().map_err(|_| Fault::NoAnswer)?;
        let mut present = lines(stat).peekable();
        for (value, (name, last)) in values.iter_mut().zip(&mut self.cpus) {
            // Both are in the kernel's order, so one that is not next has gone offline. A CPU that came
            // after the start has no metric.
            while present.next_if(|(other, _)| after(name, other)).is_some() {}
            let now = present.next_if(|(other, _)| other == name).map(|(_, spent)| spent);
            *value = last.and_then(|last| busy_percent(last, now?));
            *last = now;
        }
        Ok(())
    }
}

/// Whether `name` comes after `other` in the kernel's order.
fn after(name: &str, other: &str) -> bool {
    (name.len(), name) > (other.len(), other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::fs;

    fn on(path: &std::path::Path) -> Cpu {
        let mut cpu = Cpu::new().unwrap();
        cpu.stat = Reread::open(path).unwrap();
        let cpus = lines(cpu.stat.text().unwrap()).map(|(name, _)| (name.to_owned(), None)).collect();
        cpu.cpus = cpus;
        cpu
    }

    #[test]
    fn waiting_for_a_disk_is_idle_and_guests_count_once() {
        let (_, spent) = lines("cpu0 100 10 20 500 50 3 2 15 90 9\nintr 1").next().unwrap();
        assert_eq!(spent, Spent { busy: 150, idle: 550 });
        assert_eq!(lines("cpu 1 2 3\n").next(), None, "too short to tell");
        let before = Spent { busy: 100, idle: 100 };
        assert_eq!(busy_percent(before, Spent { busy: 125, idle: 175 }), Some(25.0));
        assert_eq!(busy_percent(before, before), None);
        assert_eq!(busy_percent(before, Spent { busy: 5, idle: 500 }), None);
    }

    #[test]
    fn a_cpu_that_goes_offline_takes_no_other_with_it() {
        let path = std::env::temp_dir().join(format!("stat-{}", std::process::id()));
        let write = |lines: &[(&str, u64, u64)]| {
            let line =
                |&(name, busy, idle): &(&str, u64, u64)| format!("{name} {busy} 0 0 {idle} 0 0 0 0 0 0\n");
            fs::write(&path, lines.iter().map(line).collect::<String>() + "intr 5\n").unwrap();
        };
        write(&[("cpu", 0, 0), ("cpu0", 0, 0), ("cpu1", 0, 0), ("cpu2", 0, 0), ("cpu10", 0, 0)]);
        let mut cpu = on(&path);
        let mut tick = || {
            let mut values = [None; 5];
            cpu.read(at(0), &mut values).unwrap();
            values
        };
        assert_eq!(tick(), [None; 5], "since boot: no figure");
        write(&[("cpu", 10, 90), ("cpu0", 10, 90), ("cpu1", 50, 50), ("cpu2", 75, 25), ("cpu10", 0, 100)]);
        assert_eq!(tick(), [10.0, 10.0, 50.0, 75.0, 0.0].map(Some));
        write(&[("cpu", 20, 180), ("cpu0", 20, 180), ("cpu2", 150, 50), ("cpu10", 100, 100)]);
        assert_eq!(tick(), [Some(10.0), Some(10.0), None, Some(75.0), Some(100.0)]);
        write(&[
            ("cpu", 40, 260),
            ("cpu0", 20, 280),
            ("cpu1", 60, 60),
            ("cpu2", 150, 150),
            ("cpu10", 200, 100),
        ]);
        assert_eq!(tick(), [Some(20.0), Some(0.0), None, Some(0.0), Some(100.0)], "cpu1 is back");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn every_cpu_of_this_machine_has_a_figure_from_the_second_tick_on() {
        let mut cpu = Cpu::new().unwrap();
        let names: Vec<&str> = cpu.metrics().iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names[..2], ["cpu_percent", "cpu0_percent"]);
        let stat = fs::read_to_string("/proc/stat").unwrap();
        assert_eq!(names.len(), stat.lines().filter(|line| line.starts_with("cpu")).count());
        assert!(read(&mut cpu, at(1000)).unwrap().iter().all(Option::is_none), "since boot: no figure");
        std::thread::sleep(std::time::Duration::from_millis(250));
        let values = read(&mut cpu, at(6000)).unwrap();
        assert!(values.iter().all(|value| (0.0..=100.0).contains(&value.unwrap())), "{values:?}");
    }
}

//! Load of the CPUs.

use super::{describe, id};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::{fs, io};
use sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;

/// Which CPUs the kernel runs on, such as `0-3`.
const ONLINE: &str = "/sys/devices/system/cpu/online";

/// Share of the time since the last tick that each CPU, and all together, did not idle.
pub(super) struct Cpu {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    /// The kernel's name of the CPU behind each metric but the first.
    names: Vec<String>,
    counters: sysinfo::System,
    online: Option<String>,
    /// When the counters were last read, by the monotonic clock in milliseconds.
    since_ms: Option<u64>,
}

impl Cpu {
    pub(super) fn new() -> io::Result<Self> {
        let counters = read_counters()?;
        let names: Vec<String> = counters.cpus().iter().map(|cpu| cpu.name().to_owned()).collect();
        if names.is_empty() {
            return Err(io::Error::other("/proc/stat lists no CPU"));
        }
        let id = id("cpu");
        let mut metrics = vec![describe(&id, "cpu", Unit::Percent, Kind::Gauge, "CPU")];
        metrics.extend(names.iter().map(|name| {
            let label = name.replace("cpu", "CPU ");
            describe(&id, name, Unit::Percent, Kind::Gauge, &label)
        }));
        Ok(Self { id, metrics, names, counters, online: online(), since_ms: None })
    }
}

/// Counters that were read once; what they say then is the average since the machine started.
fn read_counters() -> io::Result<sysinfo::System> {
    let mut counters = sysinfo::System::new().map_err(|error| io::Error::other(error.to_string()))?;
    counters.refresh_cpu_usage();
    Ok(counters)
}

fn online() -> Option<String> {
    fs::read_to_string(ONLINE).ok()
}

impl Sensor for Cpu {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        // sysinfo goes by the order of the lines in /proc/stat: once a CPU is taken offline, those after
        // it would be given each other's figures.
        let online = online();
        if online != self.online {
            self.counters = read_counters().map_err(|_| Fault::NoAnswer)?;
            self.online = online;
            self.since_ms = Some(at.monotonic_ms);
            return Ok(());
        }
        // Sooner than this sysinfo would repeat its last figures.
        let least_ms = MINIMUM_CPU_UPDATE_INTERVAL.as_millis();
        let elapsed_ms = self.since_ms.map(|since| at.monotonic_ms.saturating_sub(since));
        if elapsed_ms.is_some_and(|elapsed| u128::from(elapsed) < least_ms) {
            return Ok(());
        }
        self.counters.refresh_cpu_usage();
        if self.since_ms.replace(at.monotonic_ms).is_none() {
            return Ok(());
        }
        values[0] = Some(f64::from(self.counters.global_cpu_usage()));
        for (value, name) in values[1..].iter_mut().zip(&self.names) {
            let cpu = self.counters.cpus().iter().find(|cpu| cpu.name() == name);
            *value = cpu.map(|cpu| f64::from(cpu.usage()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::{thread, time::Duration};

    #[test]
    fn every_cpu_of_this_machine_has_a_figure_from_the_second_tick_on() {
        let mut cpu = Cpu::new().unwrap();
        let names: Vec<&str> = cpu.metrics().iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names[..2], ["cpu_percent", "cpu0_percent"]);
        let stat = fs::read_to_string("/proc/stat").unwrap();
        assert_eq!(names.len(), stat.lines().filter(|line| line.starts_with("cpu")).count());

        thread::sleep(Duration::from_millis(250));
        assert!(read(&mut cpu, at(1000)).unwrap().iter().all(Option::is_none), "since boot: no figure");
        thread::sleep(Duration::from_millis(250));
        let values = read(&mut cpu, at(6000)).unwrap();
        assert!(values.iter().all(|value| (0.0..=100.0).contains(&value.unwrap())), "{values:?}");
        assert!(read(&mut cpu, at(6100)).unwrap().iter().all(Option::is_none), "too soon to tell anew");
    }
}

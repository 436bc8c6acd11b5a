//! Swap, from /proc/swaps.

use super::{describe, id, percent, reread::Reread};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::io;

/// Swap space in use. A machine without swap has no such sensor.
pub(super) struct Swap {
    id: SensorId,
    metrics: [MetricDescription; 2],
    swaps: Reread,
}

impl Swap {
    /// Nothing when there is no swap at the start.
    pub(super) fn find() -> io::Result<Option<Self>> {
        let mut swaps = match Reread::open("/proc/swaps") {
            // A kernel built without swap has no such file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if spaces(swaps.text()?).is_none() {
            return Ok(None);
        }
        let id = id("swap");
        let metrics = [
            describe(&id, "swap_used", Unit::Percent, Kind::Gauge, "Swap used"),
            describe(&id, "swap_used", Unit::Bytes, Kind::Gauge, "Swap used"),
        ];
        Ok(Some(Self { id, metrics, swaps }))
    }
}

/// Size and used part of all swap spaces together, in KiB; `None` when there is none.
fn spaces(swaps: &str) -> Option<(u64, u64)> {
    // A name with spaces has them escaped, so the columns hold.
    let sizes = swaps.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        Some((columns.next()?.parse::<u64>().ok()?, columns.next()?.parse::<u64>().ok()?))
    });
    let (size, used) = sizes.fold((0, 0), |sum, (size, used)| (sum.0 + size, sum.1 + used));
    (size > 0).then_some((size, used))
}

impl Sensor for Swap {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let text = self.swaps.text().map_err(|_| Fault::NoAnswer)?;
        // Turned off since: no figure, and no fault either.
        if let Some((size, used)) = spaces(text) {
            values[0] = Some(percent(used, size));
            values[1] = Some(used as f64 * 1024.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::fs;

    const HEAD: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    #[test]
    fn all_spaces_count_and_none_is_no_zero() {
        let two = format!("{HEAD}/dev/zram0 partition\t400\t100\t100\n/var/sw\\040ap file\t600\t150\t-2\n");
        assert_eq!(spaces(&two), Some((1000, 250)));
        assert_eq!(spaces(HEAD), None);
    }

    #[test]
    fn swap_that_is_turned_off_has_no_figure() {
        let path = std::env::temp_dir().join(format!("swaps-{}", std::process::id()));
        fs::write(&path, format!("{HEAD}/var/swap file\t1000\t250\t-2\n")).unwrap();
        let metrics = ["a_percent", "b_bytes"].map(|name| MetricDescription {
            name: name.parse().unwrap(),
            unit: Unit::Bytes,
            sensor: id("swap"),
            label: String::new(),
            kind: Kind::Gauge,
        });
        let mut swap = Swap { id: id("swap"), metrics, swaps: Reread::open(&path).unwrap() };
        assert_eq!(read(&mut swap, at(0)).unwrap(), [Some(25.0), Some(256_000.0)]);
        fs::write(&path, HEAD).unwrap();
        assert_eq!(read(&mut swap, at(0)).unwrap(), [None, None]);
        fs::remove_file(&path).unwrap();
    }
}

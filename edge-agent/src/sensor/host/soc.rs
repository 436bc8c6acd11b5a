//! Temperature, clock and voltage of the processor, where the machine tells them.

use super::{describe, firmware::Firmware, id};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::{
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use sysinfo::Components;

/// The kernel's types of thermal zones that are a processor's, those of Pis first.
const ZONES: [&str; 6] =
    ["cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "bcm2835_thermal", "x86_pkg_temp"];
/// How the labels of processors' thermometers begin that are in no thermal zone.
const LABELS: [&str; 2] = ["coretemp Package", "k10temp Tctl"];
/// Clock of the first CPU in kHz: as measured, which only root may read on most kernels, and as set.
const CPUFREQ: [&str; 2] = ["cpuinfo_cur_freq", "scaling_cur_freq"];

/// Silicon works in these bounds; what lies outside is no measurement.
const CELSIUS: RangeInclusive<f64> = -60.0..=150.0;
const HERTZ: RangeInclusive<f64> = 1e6..=1e10;
const VOLTS: RangeInclusive<f64> = 0.3..=3.0;

/// The processor's own figures.
pub(super) struct Soc {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    /// Behind each metric.
    figures: Vec<Figure>,
    firmware: Option<Firmware>,
}

/// Where a figure comes from.
enum Figure {
    /// A thermal zone, in thousandths of a degree.
    Zone(PathBuf),
    /// One of all thermometers.
    Thermometer(Components, usize),
    /// In kHz.
    Cpufreq(PathBuf),
    /// As the firmware measures it: when it throttles, the kernel is not told.
    FirmwareClock,
    FirmwareVolts,
}

impl Soc {
    /// Those figures that the machine tells now; virtual machines, for one, tell none.
    ///
    /// # Errors
    /// Of what the machine could tell, but not to this user; the sensor then has the rest.
    pub(super) fn find() -> (Option<Self>, io::Result<()>) {
        let (firmware, refused) = match Firmware::open() {
            Ok(firmware) => (firmware, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let mut soc = Self { id: id("soc"), metrics: Vec::new(), figures: Vec::new(), firmware };
        if !soc.add(zone(Path::new("/sys/class/thermal"))) {
            soc.add(thermometer());
        }
        if !soc.add(Some(Figure::FirmwareClock)) {
            soc.add(cpufreq(Path::new("/sys/devices/system/cpu/cpu0/cpufreq")));
        }
        soc.add(Some(Figure::FirmwareVolts));
        ((!soc.figures.is_empty()).then_some(soc), refused)
    }

    /// Takes a figure in if it can be read and believed now.
    fn add(&mut self, figure: Option<Figure>) -> bool {
        let Some(mut figure) = figure else { return false };
        if figure.read(self.firmware.as_mut()).is_err() {
            return false;
        }
        self.metrics.push(figure.describe(&self.id));
        self.figures.push(figure);
        true
    }
}

/// The thermal zone of the processor.
fn zone(thermal: &Path) -> Option<Figure> {
    let zones = fs::read_dir(thermal).ok()?.flatten().map(|entry| entry.path());
    let ranked = zones.filter_map(|path| {
        let kind = fs::read_to_string(path.join("type")).ok()?;
        Some((ZONES.iter().position(|known| *known == kind.trim())?, path.join("temp")))
    });
    ranked.min().map(|(_, file)| Figure::Zone(file))
}

/// The first thermometer that is known to be a processor's.
fn thermometer() -> Option<Figure> {
    let thermometers = Components::new_with_refreshed_list().ok()?;
    let rank = |label: &str| LABELS.iter().position(|known| label.starts_with(known));
    let (_, index) = thermometers
        .iter()
        .enumerate()
        .filter(|(_, thermometer)| thermometer.temperature().is_some_and(f32::is_finite))
        .filter_map(|(index, thermometer)| Some((rank(thermometer.label())?, index)))
        .min()?;
    Some(Figure::Thermometer(thermometers, index))
}

fn cpufreq(dir: &Path) -> Option<Figure> {
    let files = CPUFREQ.map(|name| dir.join(name));
    files.into_iter().find(|file| number(file).is_some()).map(Figure::Cpufreq)
}

fn number(file: &Path) -> Option<f64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

impl Figure {
    fn describe(&self, id: &SensorId) -> MetricDescription {
        let (what, unit, label) = match self {
            Self::Zone(_) | Self::Thermometer(..) => {
                ("soc_temperature", Unit::Celsius, "Processor temperature")
            }
            Self::Cpufreq(_) | Self::FirmwareClock => ("soc_clock", Unit::Hertz, "Processor clock"),
            Self::FirmwareVolts => ("soc_core", Unit::Volts, "Processor core voltage"),
        };
        describe(id, what, unit, Kind::Gauge, label)
    }

    /// The figure of now, if it can be one.
    fn read(&mut self, firmware: Option<&mut Firmware>) -> Result<f64, Fault> {
        let ask = |command| firmware?.ask(command).ok().flatten();
        let (value, bounds) = match self {
            Self::Zone(file) => (number(file).map(|millidegrees| millidegrees / 1000.0), CELSIUS),
            Self::Thermometer(thermometers, index) => {
                let thermometer = &mut thermometers[*index];
                thermometer.refresh();
                (thermometer.temperature().map(f64::from), CELSIUS)
            }
            Self::Cpufreq(file) => (number(file).map(|kilohertz| kilohertz * 1000.0), HERTZ),
            Self::FirmwareClock => {
                (ask("measure_clock arm").and_then(|text| text.trim().parse().ok()), HERTZ)
            }
            Self::FirmwareVolts => (ask("measure_volts core").and_then(|text| volts(&text)), VOLTS),
        };
        let value = value.ok_or(Fault::NoAnswer)?;
        if bounds.contains(&value) { Ok(value) } else { Err(Fault::OutOfRange) }
    }
}

/// A voltage such as `0.8500V`.
fn volts(text: &str) -> Option<f64> {
    text.trim().strip_suffix('V')?.parse().ok()
}

impl Sensor for Soc {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        for (value, figure) in values.iter_mut().zip(&mut self.figures) {
            *value = Some(figure.read(self.firmware.as_mut())?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};

    #[test]
    fn a_clock_by_the_kernel_is_in_hertz_and_believed_only_if_it_can_be() {
        let dir = std::env::temp_dir().join(format!("cpufreq-{}", std::process::id()));
        assert!(cpufreq(&dir).is_none());
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("scaling_cur_freq");
        fs::write(&file, "1500000\n").unwrap();
        let mut soc = Soc { id: id("soc"), metrics: Vec::new(), figures: Vec::new(), firmware: None };
        assert!(soc.add(cpufreq(&dir)) && !soc.add(Some(Figure::FirmwareVolts)) && !soc.add(None));
        assert_eq!(soc.metrics()[0].name.as_str(), "soc_clock_hertz");
        assert_eq!(read(&mut soc, at(0)).unwrap(), [Some(1.5e9)]);
        fs::write(&file, "0\n").unwrap();
        assert_eq!(read(&mut soc, at(0)), Err(Fault::OutOfRange));
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(read(&mut soc, at(0)), Err(Fault::NoAnswer));
    }

    #[test]
    fn the_processors_zone_is_found_among_others() {
        let dir = std::env::temp_dir().join(format!("thermal-{}", std::process::id()));
        for (name, kind, temp) in
            [("thermal_zone0", "gpu-thermal", "1"), ("thermal_zone1", "cpu-thermal", "61322")]
        {
            fs::create_dir_all(dir.join(name)).unwrap();
            fs::write(dir.join(name).join("type"), format!("{kind}\n")).unwrap();
            fs::write(dir.join(name).join("temp"), format!("{temp}\n")).unwrap();
        }
        let mut soc = Soc { id: id("soc"), metrics: Vec::new(), figures: Vec::new(), firmware: None };
        assert!(soc.add(zone(&dir)));
        assert_eq!(soc.metrics()[0].name.as_str(), "soc_temperature_celsius");
        assert_eq!(read(&mut soc, at(0)).unwrap(), [Some(61.322)]);
        fs::write(dir.join("thermal_zone1/temp"), "274000\n").unwrap();
        assert_eq!(read(&mut soc, at(0)), Err(Fault::OutOfRange));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_voltage_has_its_unit() {
        assert_eq!(volts("0.8500V"), Some(0.85));
        assert_eq!(volts("0.8500"), None);
    }
}

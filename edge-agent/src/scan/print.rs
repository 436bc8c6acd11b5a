//! What was found, for people, as a config file, and as JSON.

use super::{BusReport, Report, identify::What, walk::Device};
use std::io::{self, Write};

/// Prints a config file for what was found. All else is said in comments, so that the whole can be pasted.
pub(super) fn text(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if report.buses.is_empty() {
        writeln!(out, "# There is no I2C bus. On a Pi, `sudo raspi-config nonint do_i2c 0` enables it.")?;
    }
    for bus in &report.buses {
        tell(bus, out)?;
    }
    let named = wanted(report).count() + report.one_wire.len() > 1;
    if named {
        writeln!(out, "\n# Names begin the names of metrics: choose your own.")?;
    }
    let several_buses = report.buses.iter().filter(|bus| !bus.devices.is_empty()).count() > 1;
    for (bus, device) in wanted(report) {
        block(bus, device, named, several_buses, out)?;
    }
    for id in &report.one_wire {
        writeln!(out, "\n[[sensor]]\nkind = \"ds18b20\"")?;
        if named {
            let digits = id.rsplit('-').next().unwrap_or(id);
            writeln!(out, "name = \"ds18b20_{}\"", digits.to_lowercase())?;
        }
        writeln!(out, "id = \"{id}\"")?;
    }
    Ok(())
}

/// Prints everything that was found.
pub(super) fn json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

fn tell(bus: &BusReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# {}", bus.path.display())?;
    for Device { address, what } in &bus.devices {
        let what = match what {
            What::Identified { chip, .. } => (*chip).to_owned(),
            What::Possible { chip, .. } => format!("perhaps a {chip}, which cannot be asked"),
            What::Unknown => "nothing that this program knows".to_owned(),
            What::Claimed => "in use by a driver of the kernel".to_owned(),
        };
        writeln!(out, "#   {address:#04x}  {what}")?;
    }
    match &bus.error {
        Some(error) => writeln!(out, "#   not scanned to its end: {error}"),
        None if bus.devices.is_empty() => writeln!(out, "#   nothing"),
        None => Ok(()),
    }
}

/// What there are sensors for, certainly or perhaps.
fn wanted(report: &Report) -> impl Iterator<Item = (&BusReport, &Device)> {
    let devices = report.buses.iter().flat_map(|bus| bus.devices.iter().map(move |device| (bus, device)));
    devices.filter(|(_, device)| matches!(device.what, What::Identified { .. } | What::Possible { .. }))
}

/// A sensor's part of the config; what is uncertain as comments.
fn block(
    bus: &BusReport,
    device: &Device,
    named: bool,
    several_buses: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let (kind, mark) = match device.what {
        What::Identified { kind, .. } => (kind, ""),
        What::Possible { kind, .. } => (kind, "# "),
        What::Unknown | What::Claimed => return Ok(()),
    };
    writeln!(out, "\n{mark}[[sensor]]\n{mark}kind = \"{kind}\"")?;
    if named {
        let of_bus = if several_buses { number(bus) } else { String::new() };
        writeln!(out, "{mark}name = \"{kind}{of_bus}_{:02x}\"", device.address)?;
    }
    writeln!(out, "{mark}bus = \"{}\"\n{mark}address = {:#04x}", bus.path.display(), device.address)?;
    if kind == "ads1115" {
        writeln!(
            out,
            "\n# Say what hangs on its inputs, a channel each.\n[[sensor.channel]]\nname = \"a0\"\ninput = \"a0\""
        )?;
    }
    Ok(())
}

/// `_1` for `/dev/i2c-1`.
fn number(bus: &BusReport) -> String {
    let path = bus.path.to_string_lossy();
    format!("_{}", path.rsplit('-').next().unwrap_or_default())
}

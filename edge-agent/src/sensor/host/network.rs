//! Network traffic, from /proc/net/dev.

use super::{describe, id, percent, reread::Reread, snake_case};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, MetricName, SensorId, Unit};
use std::{io, path::Path};

/// Bytes that an interface has moved since it exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    sent: u64,
    received: u64,
}

/// An interface that is or was there.
#[derive(Debug)]
struct Interface {
    name: String,
    /// Whether there is a device behind it, looked up when it appeared.
    physical: bool,
    /// Place of its own two metrics, if it has any.
    metrics: Option<usize>,
    /// What it had moved at the last tick; `None` while it is away.
    last: Option<Moved>,
    now: Option<Moved>,
}

/// Traffic of the interfaces since the last tick: of all together, and of each.
pub(super) struct Network {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    dev: Reread,
    /// The interfaces that count; when not given, those that have a device.
    wanted: Option<Vec<String>>,
    interfaces: Vec<Interface>,
    since_ms: Option<u64>,
}

impl Network {
    /// The `wanted` interfaces count, or else those that have a device. With `each`, those of them that are
    /// there now, and all that are wanted by name, have metrics of their own.
    pub(super) fn new(wanted: Option<Vec<String>>, each: bool) -> io::Result<Self> {
        let mut dev = Reread::open("/proc/net/dev")?;
        let mut interfaces: Vec<Interface> =
            counters(dev.text()?).map(|(name, _)| Interface::new(name)).collect();
        for name in wanted.iter().flatten() {
            if !interfaces.iter().any(|interface| interface.name == *name) {
                interfaces.push(Interface::new(name));
            }
        }
        let id = id("network");
        let gauge = |what: &str, unit, label: &str| describe(&id, what, unit, Kind::Gauge, label);
        let mut metrics = vec![
            gauge("network_egress", Unit::Percent, "Network egress"),
            gauge("network_sent", Unit::BytesPerSecond, "Network sent"),
            gauge("network_received", Unit::BytesPerSecond, "Network received"),
        ];
        let any_physical = interfaces.iter().any(|interface| interface.physical);
        for interface in interfaces.iter_mut().filter(|i| each && i.counts(wanted.as_deref(), any_physical)) {
            let (name, words) = (&interface.name, snake_case(&interface.name));
            let what = ["sent", "received"].map(|what| format!("network_{words}_{what}"));
            let own = what.iter().all(|what| match MetricName::new(what, Unit::BytesPerSecond) {
                Ok(own) => metrics.iter().all(|metric| metric.name != own),
                Err(_) => false,
            });
            if !own {
                tracing::warn!(
                    interface = name,
                    "its name makes no metric of its own: it counts in the totals only"
                );
                continue;
            }
            interface.metrics = Some(metrics.len());
            let labels = [format!("{name} sent"), format!("{name} received")];
            let both = what.iter().zip(&labels);
            metrics.extend(both.map(|(what, label)| gauge(what, Unit::BytesPerSecond, label)));
        }
        Ok(Self { id, metrics, dev, wanted, interfaces, since_ms: None })
    }
}

impl Interface {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            physical: Path::new("/sys/class/net").join(name).join("device").exists(),
            metrics: None,
            last: None,
            now: None,
        }
    }

    /// Whether its bytes count. A packet of a container or a tunnel passes its bridge or tunnel and the real
    /// interface as well, and would count two or three times, so only those with a device do. Where none
    /// has one, as in a container, all but the loopback count.
    fn counts(&self, wanted: Option<&[String]>, any_physical: bool) -> bool {
        match wanted {
            Some(wanted) => wanted.contains(&self.name),
            None if any_physical => self.physical,
            None => self.name != "lo",
        }
    }

    /// What it moved since the last tick. One that is new counts from its second reading on. One whose
    /// counters fell was taken away and came back, so that they began at zero.
    fn moved(&self) -> Option<Moved> {
        let (last, now) = (self.last?, self.now?);
        let since = |before: u64, now: u64| now.checked_sub(before).unwrap_or(now);
        Some(Moved { sent: since(last.sent, now.sent), received: since(last.received, now.received) })
    }
}

/// Every interface of a /proc/net/dev, with its bytes.
fn counters(dev: &str) -> impl Iterator<Item = (&str, Moved)> {
    dev.lines().skip(2).filter_map(|line| {
        let (name, columns) = line.split_once(':')?;
        let mut columns = columns.split_ascii_whitespace();
        let received = columns.next()?.parse().ok()?;
        let sent = columns.nth(7)?.parse().ok()?;
        Some((name.trim_start(), Moved { sent, received }))
    })
}

/// Share of what was sent in all that was moved, in percent; 0 when nothing was.
fn egress_percent(sent: u64, received: u64) -> f64 {
    percent(sent, sent + received)
}

/// Takes a reading of all counters in.
fn take(interfaces: &mut Vec<Interface>, dev: &str) {
    for interface in interfaces.iter_mut() {
        interface.last = interface.now.take();
    }
    for (name, moved) in counters(dev) {
        match interfaces.iter_mut().find(|interface| interface.name == name) {
            Some(interface) => interface.now = Some(moved),
            None => interfaces.push(Interface { now: Some(moved), ..Interface::new(name) }),
        }
    }
    // Those of containers come and go, under ever new names.
    interfaces.retain(|interface| interface.now.is_some() || interface.metrics.is_some());
}

impl Sensor for Network {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let elapsed_ms = self.since_ms.map(|since| at.monotonic_ms.saturating_sub(since));
        if elapsed_ms == Some(0) {
            return Ok(());
        }
        take(&mut self.interfaces, self.dev.text().map_err(|_| Fault::NoAnswer)?);
        self.since_ms = Some(at.monotonic_ms);
        let Some(elapsed_ms) = elapsed_ms else { return Ok(()) };

        let per_second = |bytes: u64| Some(bytes as f64 * 1000.0 / elapsed_ms as f64);
        let any_physical = self.interfaces.iter().any(|interface| interface.physical);
        let mut sum = Moved::default();
        for interface in self.interfaces.iter().filter(|i| i.counts(self.wanted.as_deref(), any_physical)) {
            let Some(moved) = interface.moved() else { continue };
            sum = Moved { sent: sum.sent + moved.sent, received: sum.received + moved.received };
            if let Some(place) = interface.metrics {
                values[place] = per_second(moved.sent);
                values[place + 1] = per_second(moved.received);
            }
        }
        values[0] = Some(egress_percent(sum.sent, sum.received));
        values[1] = per_second(sum.sent);
        values[2] = per_second(sum.received);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::{fs, io::Write, net};

    fn interface(name: &str, physical: bool) -> Interface {
        Interface { physical, ..Interface::new(name) }
    }

    #[test]
    fn bridges_and_tunnels_do_not_count_twice() {
        let all = ["lo", "eth0", "wlan0", "docker0", "veth1", "wg0"]
            .map(|name| interface(name, name.ends_with("n0") || name == "eth0"));
        let counted = |wanted: Option<&[String]>, physical| -> Vec<&str> {
            let counted = all.iter().filter(|interface| interface.counts(wanted, physical));
            counted.map(|interface| interface.name.as_str()).collect()
        };
        assert_eq!(counted(None, true), ["eth0", "wlan0"]);
        assert_eq!(counted(Some(&["wg0".to_owned()]), true), ["wg0"]);
        assert_eq!(counted(None, false).len(), 5, "a container has no devices: all but lo");
    }

    #[test]
    fn formulas() {
        assert_eq!(egress_percent(300, 100), 75.0);
        assert_eq!(egress_percent(0, 0), 0.0);
        assert_eq!(egress_percent(0, 9), 0.0);
    }

    /// A /proc/net/dev with these interfaces: name, bytes sent, bytes received.
    fn dev(list: &[(&str, u64, u64)]) -> String {
        let line = |(name, sent, received): &(&str, u64, u64)| {
            format!("{name:>6}: {received} 9 0 0 0 0 0 0 {sent} 9 0 0 0 0 0 0\n")
        };
        "Inter-|   Receive |  Transmit\n face |bytes\n".to_owned()
            + &list.iter().map(line).collect::<String>()
    }

    #[test]
    fn interfaces_come_and_go() {
        let path = std::env::temp_dir().join(format!("net-dev-{}", std::process::id()));
        let write = |list: &[(&str, u64, u64)]| fs::write(&path, dev(list)).unwrap();
        write(&[("eth0", 1000, 500), ("wlan0", 9000, 9000), ("usb0", 7, 7)]);
        let wanted = ["eth0", "wlan0", "usb0", "wwan0"].map(str::to_owned).to_vec();
        let mut network = Network::new(Some(wanted), true).unwrap();
        network.dev = Reread::open(&path).unwrap();
        let names: Vec<&str> = network.metrics().iter().map(|metric| metric.name.as_str()).collect();
        let place = |what: &str| {
            names.iter().position(|name| *name == format!("network_{what}_bytes_per_second")).unwrap()
        };
        let [eth, wlan, usb, wwan] = ["eth0_sent", "wlan0_received", "usb0_sent", "wwan0_sent"].map(place);
        assert!(read(&mut network, at(1000)).unwrap().iter().all(Option::is_none), "since boot: no rate");

        write(&[("eth0", 1300, 600), ("wlan0", 40, 2), ("wwan0", 5000, 5000)]);
        let values = read(&mut network, at(2000)).unwrap();
        assert_eq!(values[1..3], [Some(340.0), Some(102.0)]);
        assert_eq!(
            [values[eth], values[wlan]],
            [Some(300.0), Some(2.0)],
            "wlan0 came back and began at zero"
        );
        assert_eq!([values[usb], values[wwan]], [None, None], "gone, and new");

        write(&[("eth0", 1300, 600), ("wwan0", 5100, 5000)]);
        let values = read(&mut network, at(4000)).unwrap();
        assert_eq!(
            [values[0], values[eth], values[wlan], values[wwan]],
            [Some(100.0), Some(0.0), None, Some(50.0)]
        );
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn each_interface_is_told_only_when_wanted_and_under_a_name_of_its_own() {
        let names = |wanted: &[&str], each| -> Vec<String> {
            let wanted = wanted.iter().map(|name| (*name).to_owned()).collect();
            let network = Network::new(Some(wanted), each).unwrap();
            network.metrics()[3..].iter().map(|metric| metric.name.to_string()).collect()
        };
        assert_eq!(names(&["lo"], false), [""; 0]);
        assert_eq!(
            names(&["lo"], true),
            ["network_lo_sent_bytes_per_second", "network_lo_received_bytes_per_second"]
        );
        assert_eq!(
            names(&["x-1", "x.1", "-", &"x".repeat(80)], true),
            ["network_x_1_sent_bytes_per_second", "network_x_1_received_bytes_per_second"]
        );
    }

    #[test]
    fn traffic_of_this_machine_is_seen() {
        let mut network = Network::new(Some(vec!["lo".into()]), false).unwrap();
        assert_eq!(read(&mut network, at(1000)).unwrap(), [None, None, None]);
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut server = listener.accept().unwrap().0;
        client.write_all(&vec![0; 100_000]).unwrap();
        drop(client);
        io::copy(&mut server, &mut io::sink()).unwrap();

        let values = read(&mut network, at(3000)).unwrap();
        // What the loopback sends it also receives.
        assert_eq!(values[0], Some(50.0));
        assert!(values[1] >= Some(50_000.0) && values[1] == values[2], "{values:?}");
        assert_eq!(read(&mut network, at(3000)).unwrap(), [None, None, None], "no time passed: no rate");
    }
}

//! Network traffic, from /proc/net/dev: sysinfo's list of interfaces costs a hundred times as much.

use super::{describe, id, percent};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::{collections::HashMap, io, path::Path};

/// Bytes that an interface has moved since it exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    sent: u64,
    received: u64,
}

/// Traffic of the interfaces since the last tick.
pub(super) struct Network {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    interfaces: Option<Vec<String>>,
    last: Option<(u64, HashMap<String, Moved>)>,
}

impl Network {
    pub(super) fn new(interfaces: Option<Vec<String>>) -> io::Result<Self> {
        procfs::net::dev_status().map_err(io::Error::other)?;
        let id = id("network");
        let gauge = |what, unit, label| describe(&id, what, unit, Kind::Gauge, label);
        let metrics = vec![
            gauge("network_egress", Unit::Percent, "Network egress"),
            gauge("network_sent", Unit::BytesPerSecond, "Network sent"),
            gauge("network_received", Unit::BytesPerSecond, "Network received"),
        ];
        Ok(Self { id, metrics, interfaces, last: None })
    }

    fn counters(&self) -> Result<HashMap<String, Moved>, Fault> {
        let all = procfs::net::dev_status().map_err(|_| Fault::NoAnswer)?;
        let mut moved: HashMap<_, _> = all
            .into_values()
            .map(|status| (status.name, Moved { sent: status.sent_bytes, received: status.recv_bytes }))
            .collect();
        match &self.interfaces {
            Some(wanted) => moved.retain(|name, _| wanted.contains(name)),
            None => keep_physical(&mut moved, |name| {
                Path::new("/sys/class/net").join(name).join("device").exists()
            }),
        }
        Ok(moved)
    }
}

/// Leaves the interfaces that have a device. A packet of a container or a tunnel passes its bridge or tunnel
/// and the real interface as well, and would count two or three times. Where none has a device, as in a
/// container, all but the loopback count.
fn keep_physical<T>(interfaces: &mut HashMap<String, T>, is_physical: impl Fn(&str) -> bool) {
    if interfaces.keys().any(|name| is_physical(name)) {
        interfaces.retain(|name, _| is_physical(name));
    } else {
        interfaces.retain(|name, _| name != "lo");
    }
}

/// Share of what was sent in all that was moved, in percent; 0 when nothing was.
fn egress_percent(sent: u64, received: u64) -> f64 {
    percent(sent, sent + received)
}

/// What all interfaces together moved between two readings of their counters.
///
/// One that is new counts from its second reading on. One whose counters fell was taken away and came back,
/// so that they began at zero.
fn moved(before: &HashMap<String, Moved>, now: &HashMap<String, Moved>) -> Moved {
    let since = |before: u64, now: u64| now.checked_sub(before).unwrap_or(now);
    let pairs = now.iter().filter_map(|(name, now)| Some((before.get(name)?, now)));
    pairs.fold(Moved::default(), |sum, (before, now)| Moved {
        sent: sum.sent + since(before.sent, now.sent),
        received: sum.received + since(before.received, now.received),
    })
}

impl Sensor for Network {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let now = self.counters()?;
        if let Some((since_ms, before)) = &self.last {
            let elapsed_ms = at.monotonic_ms.saturating_sub(*since_ms);
            if elapsed_ms == 0 {
                return Ok(());
            }
            let moved = moved(before, &now);
            let per_second = |bytes: u64| bytes as f64 * 1000.0 / elapsed_ms as f64;
            values[0] = Some(egress_percent(moved.sent, moved.received));
            values[1] = Some(per_second(moved.sent));
            values[2] = Some(per_second(moved.received));
        }
        self.last = Some((at.monotonic_ms, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::{io::Write, net};

    #[test]
    fn bridges_and_tunnels_do_not_count_twice() {
        let kept = |names: &[&str], physical: &[&str]| {
            let mut all: HashMap<String, ()> = names.iter().map(|name| ((*name).to_owned(), ())).collect();
            keep_physical(&mut all, |name| physical.contains(&name));
            let mut kept: Vec<String> = all.into_keys().collect();
            kept.sort();
            kept
        };
        assert_eq!(
            kept(&["lo", "eth0", "wlan0", "docker0", "veth1", "wg0"], &["eth0", "wlan0"]),
            ["eth0", "wlan0"]
        );
        assert_eq!(kept(&["lo", "eth0"], &[]), ["eth0"], "a container has no devices");
    }

    #[test]
    fn formulas() {
        assert_eq!(egress_percent(300, 100), 75.0);
        assert_eq!(egress_percent(0, 0), 0.0);
        assert_eq!(egress_percent(0, 9), 0.0);
    }

    #[test]
    fn interfaces_come_and_go() {
        let counters = |list: &[(&str, u64, u64)]| -> HashMap<String, Moved> {
            let each =
                |&(name, sent, received): &(&str, u64, u64)| (name.to_owned(), Moved { sent, received });
            list.iter().map(each).collect()
        };
        let before = counters(&[("eth0", 1000, 500), ("wlan0", 9000, 9000), ("usb0", 7, 7)]);
        let now = counters(&[("eth0", 1300, 600), ("wlan0", 40, 2), ("wwan0", 5000, 5000)]);
        assert_eq!(moved(&before, &now), Moved { sent: 340, received: 102 });
    }

    #[test]
    fn traffic_of_this_machine_is_seen() {
        let mut network = Network::new(Some(vec!["lo".into()])).unwrap();
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

//! Ports on the loopback interface.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use anyhow::Context;

use crate::failure::{Failure, usage};

/// Fails with one line that names the option if something else listens on the port.
pub(crate) fn check_free(port: u16, option: &str) -> anyhow::Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Failure::AddressInUse(format!(
            "port {port} is in use by another program; choose another with {option} PORT"
        ))
        .into()),
        Err(error) => {
            Err(usage(format!("port {port} cannot be used ({error}); choose another with {option} PORT")))
        }
    }
}

/// Below what Linux hands out to those who do not ask for a certain port.
const OURS: RangeInclusive<u16> = 20_000..=32_000;

/// A port that nothing listens on at this moment, and that the system gives to nobody who does not ask for it: while a
/// program that is to be started again is away, a connection of another one must not take its place.
pub(crate) fn free() -> anyhow::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = OURS.end() - OURS.start();
    // Several of us at once begin at different places.
    let start = (std::process::id() % u32::from(width)) as u16;
    (0..width)
        .map(|_| OURS.start() + (start + NEXT.fetch_add(1, Relaxed) % width) % width)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on the loopback")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::exit_code;

    #[test]
    fn free_ports_differ_and_are_not_handed_out_by_the_system() {
        let (first, second) = (free().unwrap(), free().unwrap());
        assert_ne!(first, second);
        assert!(OURS.contains(&first) && OURS.contains(&second));
    }

    #[test]
    fn a_taken_port_names_the_option_and_exits_with_3() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = check_free(port, "--http-port").unwrap_err();
        assert_eq!(exit_code(&error), 3);
        assert!(error.to_string().contains(&format!("port {port} is in use")));
        assert!(error.to_string().contains("--http-port"));
        drop(holder);
        // A test beside this one may be starting a program, which holds our port until its exec.
        let is_free = || check_free(port, "--http-port").is_ok();
        assert!((0..500).any(|_| is_free() || {
            std::thread::sleep(Duration::from_millis(10));
            false
        }));
    }
}

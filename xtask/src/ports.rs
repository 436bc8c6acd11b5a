//! Ports on the loopback interface.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::bail;

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

/// Where ports are looked for: below those that Linux gives to whoever connects. One of these could be taken by a
/// connection while the program that it is meant for is being started again, and who connects to it meanwhile could
/// even meet itself.
const LISTENERS: std::ops::Range<u16> = 15_000..32_000;

/// A port that nothing listens on at this moment. None is given twice.
pub(crate) fn free() -> anyhow::Result<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Two programs that look at the same time begin elsewhere.
    let start = u32::from(LISTENERS.start) + std::process::id().wrapping_mul(97) % LISTENERS.len() as u32;
    for _ in LISTENERS {
        let next = start + u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let offset = (next - u32::from(LISTENERS.start)) % LISTENERS.len() as u32;
        let port = LISTENERS.start + u16::try_from(offset)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port on the loopback")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::exit_code;

    #[test]
    fn ports_are_free_apart_and_none_that_a_connection_is_given() {
        let ports: std::collections::BTreeSet<u16> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| LISTENERS.contains(port)));
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(holder.local_addr().unwrap().port() >= LISTENERS.end, "the system gives others");
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

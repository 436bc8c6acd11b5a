//! Ports on the loopback interface.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

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

/// A port that nothing listens on at this moment.
pub(crate) fn free() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::exit_code;

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

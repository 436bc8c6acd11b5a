//! A network that can be broken: a TCP proxy on the loopback.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

/// How often a waiting thread looks whether something has changed.
const LOOK: Duration = Duration::from_millis(20);
/// Pieces a second into which a slow network cuts what passes.
const PIECES: u64 = 20;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Passes everything.
    Pass,
    /// Ends new connections as soon as they are made.
    Refuse,
    /// Passes so many bytes a second each way.
    Slow(u64),
    /// Takes everything and passes nothing.
    Swallow,
}

/// A running proxy. Dropping it ends its connections.
pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    to: SocketAddr,
    mode: Mutex<Mode>,
    /// Both ends of every connection, to end them from outside.
    open: Mutex<Vec<TcpStream>>,
    ending: AtomicBool,
}

impl Proxy {
    /// Listens on a free port of the loopback and passes on to another one.
    pub(super) fn start(to: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port for a proxy")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            to: SocketAddr::from((Ipv4Addr::LOCALHOST, to)),
            mode: Mutex::new(Mode::Pass),
            open: Mutex::default(),
            ending: AtomicBool::new(false),
        });
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || shared.accept(&listener)
        });
        Ok(Self { port, shared, listener: Some(thread) })
    }

    /// Where to connect to.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Changes what the network does, from the next byte on.
    pub(super) fn set(&self, mode: Mode) {
        *lock(&self.shared.mode) = mode;
    }

    /// Ends all connections; what was on its way is lost.
    pub(super) fn sever(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            // One that has ended already is as it should be.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        self.sever();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while !self.ending.load(Ordering::Relaxed) {
            match listener.accept() {
                // A connection that cannot be passed on is dropped, and so ended.
                Ok((client, _)) => drop(self.begin(client)),
                Err(_) => std::thread::sleep(LOOK),
            }
        }
    }

    fn begin(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_nodelay(true)?;
        match self.mode() {
            Mode::Refuse => return Ok(()),
            Mode::Swallow => {
                // It is held until it is severed and never answered.
                lock(&self.open).push(client);
                return Ok(());
            }
            Mode::Pass | Mode::Slow(_) => {}
        }
        let server = TcpStream::connect(self.to)?;
        server.set_nodelay(true)?;
        let mut open = lock(&self.open);
        open.retain(|stream| stream.peer_addr().is_ok());
        open.extend([client.try_clone()?, server.try_clone()?]);
        drop(open);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            let shared = self.clone();
            std::thread::spawn(move || {
                // It ends when either side does, however it does.
                let _ = shared.pass(&from, &to);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }

    fn pass(&self, mut from: &TcpStream, mut to: &TcpStream) -> std::io::Result<()> {
        from.set_read_timeout(Some(LOOK))?;
        let mut buffer = [0; 16 * 1024];
        loop {
            let most = match self.mode() {
                Mode::Slow(rate) => (rate / PIECES).clamp(1, buffer.len() as u64) as usize,
                _ => buffer.len(),
            };
            let length = match from.read(&mut buffer[..most]) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(error) => return Err(error),
            };
            match self.mode() {
                Mode::Swallow => continue,
                Mode::Slow(rate) => {
                    std::thread::sleep(Duration::from_micros(length as u64 * 1_000_000 / rate.max(1)));
                }
                Mode::Pass | Mode::Refuse => {}
            }
            to.write_all(&buffer[..length])?;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        port
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn echoes(stream: &mut TcpStream, text: &[u8]) -> bool {
        let mut answer = vec![0; text.len()];
        stream.write_all(text).is_ok() && stream.read_exact(&mut answer).is_ok() && answer == text
    }

    #[test]
    fn it_passes_and_a_severed_connection_can_be_made_again() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = client(&proxy);
        assert!(echoes(&mut stream, b"hello"));
        proxy.sever();
        assert!(!echoes(&mut stream, b"hello"));
        assert!(echoes(&mut client(&proxy), b"again"));
    }

    #[test]
    fn while_it_refuses_no_connection_lives() {
        let proxy = Proxy::start(echo()).unwrap();
        proxy.set(Mode::Refuse);
        assert!(!echoes(&mut client(&proxy), b"hello"));
        proxy.set(Mode::Pass);
        assert!(echoes(&mut client(&proxy), b"hello"));
    }

    #[test]
    fn half_open_connections_stay_and_say_nothing() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut old = client(&proxy);
        assert!(echoes(&mut old, b"before"));
        proxy.set(Mode::Swallow);
        let mut new = client(&proxy);
        for stream in [&mut old, &mut new] {
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            stream.write_all(b"lost").unwrap();
            let error = stream.read(&mut [0; 8]).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        }
    }

    #[test]
    fn a_slow_network_passes_everything_at_its_pace() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = client(&proxy);
        proxy.set(Mode::Slow(2_000));
        let start = Instant::now();
        assert!(echoes(&mut stream, &[7; 1_000]));
        // Sleeping is never shorter than asked for, so this is no claim about the machine's speed.
        assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    }
}

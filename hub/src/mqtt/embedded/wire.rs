//! A client's socket, and the bytes on their way.

use super::codec::{self, Packet, Version};
use super::connect::Connect;
use crate::mqtt::frame;
use mqtt_protocol_core::mqtt::result_code::MqttError;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

/// How much is read at once, in bytes.
const READ: usize = 64 * 1024;
/// Room for what is sent at once to most clients, in bytes.
const OUT: usize = 256;

thread_local! {
    /// Where bytes arrive first. Clients that say nothing hold no memory for it.
    static ARRIVING: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// Why nothing more can be read.
pub(super) enum Broken {
    /// The connection ended.
    Closed,
    /// The client broke a rule of the protocol.
    Protocol(MqttError),
}

impl From<MqttError> for Broken {
    fn from(error: MqttError) -> Self {
        Self::Protocol(error)
    }
}

/// A connection.
pub(super) struct Wire {
    socket: TcpStream,
    /// The longest packet that is taken, in bytes.
    max: usize,
    /// The beginning of a packet that is not all here.
    begun: Vec<u8>,
    /// What is to be sent; of it, what is sent already.
    out: Vec<u8>,
    sent: usize,
}

impl Wire {
    pub(super) fn new(socket: TcpStream, max: usize) -> Self {
        Self { socket, max, begun: Vec::new(), out: Vec::new(), sent: 0 }
    }

    /// Waits for the first packet.
    ///
    /// # Errors
    /// When it is no CONNECT that we understand, or the connection ended.
    pub(super) async fn connect(&mut self) -> Result<Connect, Broken> {
        loop {
            if let Some((first, body, length)) = frame::split(&self.begun, self.max)? {
                let connect = Connect::read(first, body)?;
                self.begun.drain(..length);
                return Ok(connect);
            }
            self.ready(true, false).await.map_err(|_| Broken::Closed)?;
            let Self { socket, begun, .. } = self;
            read(socket, |bytes| {
                begun.extend_from_slice(bytes);
                Ok(())
            })?;
        }
    }

    /// Reads the packets that have arrived whole.
    ///
    /// # Errors
    /// When one makes no sense, or the connection ended. Those before it are there.
    pub(super) fn receive(&mut self, version: Version, packets: &mut VecDeque<Packet>) -> Result<(), Broken> {
        let Self { socket, begun, max, .. } = self;
        read(socket, |bytes| {
            if begun.is_empty() {
                let rest = take(version, bytes, *max, packets)?;
                begun.extend_from_slice(rest);
                return Ok(());
            }
            begun.extend_from_slice(bytes);
            take_begun(version, begun, *max, packets)
        })
    }

    /// Reads the packets that came along with an earlier one.
    ///
    /// # Errors
    /// When one makes no sense.
    pub(super) fn receive_begun(
        &mut self,
        version: Version,
        packets: &mut VecDeque<Packet>,
    ) -> Result<(), Broken> {
        take_begun(version, &mut self.begun, self.max, packets)
    }

    /// Waits until something can be read, or written, of those that are wanted. `true` when it can be read.
    ///
    /// # Errors
    /// When the connection cannot be waited for.
    pub(super) async fn ready(&self, to_read: bool, to_write: bool) -> io::Result<bool> {
        let interest = match (to_read, to_write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            (_, false) => Interest::READABLE,
        };
        self.socket.ready(interest).await.map(Ready::is_readable)
    }

    /// Where packets are written to. They leave with the next [`flush`](Self::flush).
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        // Answers are of a few bytes each and come in numbers.
        if self.out.capacity() == 0 {
            self.out.reserve(OUT);
        }
        &mut self.out
    }

    /// How many bytes are still to be sent.
    pub(super) fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends what the socket takes. `true` when it took something.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let before = self.unsent();
        while self.unsent() > 0 {
            match self.socket.try_write(&self.out[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.unsent() < before),
                Err(error) => return Err(error),
            }
        }
        // A client that is silent holds none.
        (self.out, self.sent) = (Vec::new(), 0);
        Ok(before > 0)
    }
}

fn read(socket: &TcpStream, with: impl FnOnce(&[u8]) -> Result<(), Broken>) -> Result<(), Broken> {
    ARRIVING.with_borrow_mut(|arriving| match socket.try_read(arriving) {
        Ok(0) => Err(Broken::Closed),
        Ok(length) => with(&arriving[..length]),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(_) => Err(Broken::Closed),
    })
}

/// Takes whole packets off the front; returns what is left.
fn take<'b>(
    version: Version,
    mut bytes: &'b [u8],
    max: usize,
    packets: &mut VecDeque<Packet>,
) -> Result<&'b [u8], Broken> {
    while let Some((first, body, length)) = frame::split(bytes, max)? {
        packets.push_back(codec::read(version, first, body)?);
        bytes = &bytes[length..];
    }
    Ok(bytes)
}

fn take_begun(
    version: Version,
    begun: &mut Vec<u8>,
    max: usize,
    packets: &mut VecDeque<Packet>,
) -> Result<(), Broken> {
    let left = take(version, begun, max, packets)?.len();
    if left == 0 {
        *begun = Vec::new();
    } else {
        begun.drain(..begun.len() - left);
    }
    Ok(())
}

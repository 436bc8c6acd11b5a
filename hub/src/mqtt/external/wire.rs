//! The socket to the broker, and the bytes on their way.

use super::Settings;
use super::lost::Lost;
use super::packet::{self, Packet, Welcome};
use crate::mqtt::{MAX_PACKET_BYTES, frame};
use bytes::{Buf, BytesMut};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use rustls_pki_types::ServerName;
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How much is read at once, in bytes.
const READ: usize = 64 * 1024;
/// How long connecting may take, until the broker has let the hub in.
const CONNECT: Duration = Duration::from_secs(5);

/// What comes from the broker.
pub(super) struct Arriving {
    socket: Box<dyn AsyncRead + Send + Unpin>,
    bytes: BytesMut,
}

/// What goes to the broker.
pub(super) struct Leaving {
    socket: Box<dyn AsyncWrite + Send + Unpin>,
    bytes: BytesMut,
    /// Whether the encryption may still hold some of what was written.
    unflushed: bool,
}

/// Connects, and introduces the hub.
///
/// # Errors
/// When the broker is not there, not the one that it should be, or does not let the hub in.
pub(super) async fn connect(
    settings: &Settings,
    tls: Option<&TlsConnector>,
) -> Result<(Arriving, Leaving, Welcome), Lost> {
    let introduced = async {
        let (mut arriving, mut leaving) = open(settings, tls).await?;
        leaving.bytes().extend_from_slice(&packet::connect(settings).map_err(Lost::Unspeakable)?);
        leaving.send().await?;
        let welcome = loop {
            if let Some((welcome, length)) = arriving.frame(packet::welcome)? {
                arriving.bytes.advance(length);
                break welcome;
            }
            arriving.read().await?;
        };
        Ok((arriving, leaving, welcome))
    };
    tokio::time::timeout(CONNECT, introduced).await.unwrap_or(Err(Lost::Silent))
}

async fn open(settings: &Settings, tls: Option<&TlsConnector>) -> Result<(Arriving, Leaving), Lost> {
    let host = settings.url.host.as_str();
    let socket = TcpStream::connect((host, settings.url.port)).await?;
    // What is to be written is gathered here already.
    socket.set_nodelay(true)?;
    let (reader, writer): (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>) = match tls
    {
        None => {
            let (reader, writer) = socket.into_split();
            (Box::new(reader), Box::new(writer))
        }
        Some(tls) => {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
            let (reader, writer) = tokio::io::split(tls.connect(name, socket).await?);
            (Box::new(reader), Box::new(writer))
        }
    };
    let leaving = Leaving { socket: writer, bytes: BytesMut::new(), unflushed: false };
    Ok((Arriving { socket: reader, bytes: BytesMut::new() }, leaving))
}

impl Arriving {
    /// Waits for bytes. Nothing is lost when it is given up.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) async fn read(&mut self) -> io::Result<()> {
        self.bytes.reserve(READ);
        match self.socket.read_buf(&mut self.bytes).await? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "the broker closed the connection")),
            _ => Ok(()),
        }
    }

    /// Forgets what has come.
    pub(super) fn ignore(&mut self) {
        self.bytes.clear();
    }

    /// The next packet that is all here.
    ///
    /// # Errors
    /// When it makes no sense.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, MqttError> {
        let Some((packet, length)) = self.frame(packet::read)? else { return Ok(None) };
        self.bytes.advance(length);
        Ok(Some(packet))
    }

    fn frame<T, E: From<MqttError>>(
        &self,
        read: impl FnOnce(u8, &[u8]) -> Result<T, E>,
    ) -> Result<Option<(T, usize)>, E> {
        match frame::split(&self.bytes, MAX_PACKET_BYTES as usize)? {
            Some((first, body, length)) => Ok(Some((read(first, body)?, length))),
            None => Ok(None),
        }
    }
}

impl Leaving {
    /// Where packets are written to. They leave with [`send`](Self::send).
    pub(super) fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// How many bytes are still to be sent.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is something to do for [`send`](Self::send).
    pub(super) fn waits(&self) -> bool {
        self.unflushed || !self.bytes.is_empty()
    }

    /// Sends all that waits. What is left when it is given up waits on.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) async fn send(&mut self) -> io::Result<()> {
        while !self.bytes.is_empty() {
            self.unflushed = true;
            if self.socket.write_buf(&mut self.bytes).await? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        self.socket.flush().await?;
        self.unflushed = false;
        Ok(())
    }
}

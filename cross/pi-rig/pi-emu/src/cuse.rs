//! Character devices in user space: as much of the kernel's CUSE protocol as they need here.
//!
//! `/dev/cuse` hands out one request at a read and takes one reply at a write. The structures are those of
//! `<linux/fuse.h>`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::bytes::{length_at, u32_at, u64_at};
use crate::errno::{ENOSYS, Errno};

const OPEN: u32 = 14;
const READ: u32 = 15;
const WRITE: u32 = 16;
const RELEASE: u32 = 18;
const FSYNC: u32 = 20;
const FLUSH: u32 = 25;
const INTERRUPT: u32 = 36;
const IOCTL: u32 = 39;
const CUSE_INIT: u32 = 4096;

/// Oldest minor version that has what is used here.
const MINOR: u32 = 31;
const UNRESTRICTED_IOCTL: u32 = 1;
/// `FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE`
const OPEN_FLAGS: u32 = 0b101;
const IOCTL_COMPAT: u32 = 1;
const IOCTL_RETRY: u32 = 4;

const HEADER: usize = 40;
const MOST_BYTES: u32 = 64 * 1024;
/// Room for the request's own structure beside its data.
const BUFFER: usize = 0x30000;

/// An area of the caller's memory: address and length.
pub type Area = (u64, u64);

/// Answers one request, from whichever thread.
pub struct Replier {
    device: Arc<File>,
    request: u64,
}

impl Replier {
    fn send(&self, error: Errno, parts: &[&[u8]]) {
        let body = parts.concat();
        let length = u32::try_from(16 + body.len()).expect("replies are as short as requests");
        let header = [&length.to_ne_bytes()[..], &error.to_ne_bytes(), &self.request.to_ne_bytes()].concat();
        // It fails when the caller was killed meanwhile; nobody waits for the answer then.
        let _ = (&*self.device).write(&[header, body].concat());
    }

    pub fn data(&self, data: &[u8]) {
        self.send(0, &[data]);
    }

    pub fn error(&self, errno: Errno) {
        self.send(-errno, &[]);
    }

    pub fn written(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).expect("writes are bounded");
        self.send(0, &[&bytes.to_ne_bytes(), &[0; 4]]);
    }

    /// The ioctl is done: its return value, and what fills the areas that it wants filled.
    pub fn ioctl(&self, result: i32, data: &[u8]) {
        self.send(0, &[&result.to_ne_bytes(), &[0; 12], data]);
    }

    /// Asks the kernel to come again with these areas of the caller's memory to read, and to fill.
    pub fn again(&self, read: &[Area], fill: &[Area]) {
        let count = |areas: &[Area]| u32::try_from(areas.len()).expect("a handful").to_ne_bytes();
        let mut body = [[0; 4], IOCTL_RETRY.to_ne_bytes(), count(read), count(fill)].concat();
        for (address, length) in read.iter().chain(fill) {
            body.extend([address.to_ne_bytes(), length.to_ne_bytes()].concat());
        }
        self.send(0, &[&body]);
    }
}

/// An ioctl, with what was read of the caller's memory.
pub struct Ioctl<'a> {
    /// The open file.
    pub file: u64,
    pub command: u32,
    pub argument: u64,
    pub input: &'a [u8],
    /// Room in the areas to fill.
    pub room: usize,
    /// Whether a 32-bit program calls.
    pub compat: bool,
}

/// A device. Whatever it is asked it answers through the [`Replier`], sooner or later.
pub trait Device {
    fn open(&mut self, file: u64);
    fn release(&mut self, file: u64);
    fn read(&mut self, file: u64, size: usize, reply: Replier);
    fn write(&mut self, file: u64, data: &[u8], reply: Replier);
    fn ioctl(&mut self, ioctl: &Ioctl<'_>, reply: Replier);
}

/// Creates `/dev/NAME` with this major and minor number (0 and 0: the kernel chooses) and serves it until
/// `/dev/cuse` fails. `ready` runs once it is there.
pub fn serve(
    name: &str,
    number: (u32, u32),
    mut device: impl Device,
    ready: impl FnOnce(),
) -> io::Result<()> {
    let cuse = Arc::new(OpenOptions::new().read(true).write(true).open("/dev/cuse")?);
    let mut buffer = vec![0; BUFFER];
    let mut files = 0_u64;
    let mut ready = Some(ready);
    loop {
        let length = match (&*cuse).read(&mut buffer) {
            Ok(length) if length >= HEADER => length,
            Ok(_) => continue,
            // The request was taken back, a signal came, or there was nothing after all.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR | libc::EAGAIN)) => {
                continue;
            }
            Err(error) => return Err(error),
        };
        let reply = Replier { device: cuse.clone(), request: u64_at(&buffer, 8) };
        let body = &buffer[HEADER..length];
        match u32_at(&buffer, 4) {
            CUSE_INIT => {
                reply.data(&introduction(body, name, number));
                // The node appears while the kernel takes that reply.
                if let Some(ready) = ready.take() {
                    ready();
                }
            }
            OPEN => {
                files += 1;
                device.open(files);
                reply.data(&[&files.to_ne_bytes()[..], &OPEN_FLAGS.to_ne_bytes(), &[0; 4]].concat());
            }
            RELEASE => {
                device.release(u64_at(body, 0));
                reply.data(&[]);
            }
            READ => device.read(u64_at(body, 0), length_at(body, 16), reply),
            WRITE => device.write(u64_at(body, 0), &body[40..], reply),
            IOCTL => {
                let ioctl = Ioctl {
                    file: u64_at(body, 0),
                    command: u32_at(body, 12),
                    argument: u64_at(body, 16),
                    input: &body[32..32 + length_at(body, 24)],
                    room: length_at(body, 28),
                    compat: u32_at(body, 8) & IOCTL_COMPAT != 0,
                };
                device.ioctl(&ioctl, reply);
            }
            FSYNC | FLUSH => reply.data(&[]),
            // A caller that gets a signal still waits for its answer, as one in a real transfer does, which
            // cannot be interrupted. No reply is due.
            INTERRUPT => {}
            _ => reply.error(ENOSYS),
        }
    }
}

fn introduction(kernel: &[u8], name: &str, (major, minor): (u32, u32)) -> Vec<u8> {
    let protocol = (u32_at(kernel, 0), u32_at(kernel, 4).min(MINOR));
    let words = [protocol.0, protocol.1, 0, UNRESTRICTED_IOCTL, MOST_BYTES, MOST_BYTES, major, minor];
    let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    body.extend([0; 40]);
    body.extend(format!("DEVNAME={name}\0").bytes());
    body
}

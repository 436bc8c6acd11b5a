//! `/dev/i2c-N`: reading, writing and the ioctls as the kernel's i2c-dev has them, on a [`Board`].

mod rdwr;
mod smbus;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::board::{Board, Message};
use crate::cuse::{Device, Ioctl, Replier};
use crate::errno::{EINVAL, ENOTTY, Errno};

// The requests of <linux/i2c-dev.h>.
const RETRIES: u32 = 0x0701;
const TIMEOUT: u32 = 0x0702;
const SLAVE: u32 = 0x0703;
const TEN_BIT: u32 = 0x0704;
const FUNCTIONS: u32 = 0x0705;
const SLAVE_FORCE: u32 = 0x0706;
const RDWR: u32 = 0x0707;
const PEC: u32 = 0x0708;
const SMBUS: u32 = 0x0720;

const LAST_ADDRESS: u64 = 0x7F;
const LONGEST_MESSAGE: usize = 8192;
/// What i2c-bcm2835 says that it can: `I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL`.
const ABILITIES: u64 = 0x0EFF_0009;

type Job = Box<dyn FnOnce(&Board) + Send>;

/// The device. Transfers are done one after the other by a thread of their own, so that one that hangs does
/// not keep others from opening the device.
pub struct I2cDevice {
    /// The chip address that each open file has chosen.
    addresses: HashMap<u64, u16>,
    bus: Sender<Job>,
}

impl I2cDevice {
    pub fn new(board: Arc<Board>) -> Self {
        let (bus, jobs) = channel::<Job>();
        thread::spawn(move || {
            for job in jobs {
                job(&board);
            }
        });
        Self { addresses: HashMap::new(), bus }
    }

    fn address(&self, file: u64) -> u16 {
        self.addresses.get(&file).copied().unwrap_or_default()
    }

    fn transfer(
        &self,
        mut messages: Vec<Message>,
        done: impl FnOnce(Result<Vec<Message>, Errno>) + Send + 'static,
    ) {
        let job = move |board: &Board| {
            let outcome = board.transfer(&mut messages);
            done(outcome.map(|()| messages));
        };
        // It fails only when the thread is gone, and then the caller waits, as on a bus that is stuck.
        let _ = self.bus.send(Box::new(job));
    }
}

impl Device for I2cDevice {
    fn open(&mut self, file: u64) {
        self.addresses.insert(file, 0);
    }

    fn release(&mut self, file: u64) {
        self.addresses.remove(&file);
    }

    fn read(&mut self, file: u64, size: usize, reply: Replier) {
        let data = vec![0; size.min(LONGEST_MESSAGE)];
        let message = Message { address: self.address(file), read: true, data };
        self.transfer(vec![message], move |outcome| match outcome {
            Ok(messages) => reply.data(&messages[0].data),
            Err(errno) => reply.error(errno),
        });
    }

    fn write(&mut self, file: u64, data: &[u8], reply: Replier) {
        let data = data[..data.len().min(LONGEST_MESSAGE)].to_vec();
        let message = Message { address: self.address(file), read: false, data };
        self.transfer(vec![message], move |outcome| match outcome {
            Ok(messages) => reply.written(messages[0].data.len()),
            Err(errno) => reply.error(errno),
        });
    }

    fn ioctl(&mut self, ioctl: &Ioctl<'_>, reply: Replier) {
        match ioctl.command {
            SLAVE | SLAVE_FORCE => match u16::try_from(ioctl.argument) {
                Ok(address) if ioctl.argument <= LAST_ADDRESS => {
                    self.addresses.insert(ioctl.file, address);
                    reply.ioctl(0, &[]);
                }
                _ => reply.error(EINVAL),
            },
            TEN_BIT | PEC | RETRIES | TIMEOUT => reply.ioctl(0, &[]),
            FUNCTIONS if ioctl.room < 8 => reply.again(&[], &[(ioctl.argument, 8)]),
            FUNCTIONS => reply.ioctl(0, &ABILITIES.to_ne_bytes()),
            RDWR => self.rdwr(ioctl, reply),
            SMBUS => self.smbus(ioctl, reply),
            _ => reply.error(ENOTTY),
        }
    }
}

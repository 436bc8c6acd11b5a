//! `I2C_RDWR`: several messages in one transfer.

use super::{I2cDevice, LONGEST_MESSAGE};
use crate::board::Message;
use crate::bytes::{u16_at, u32_at, u64_at};
use crate::cuse::{Area, Ioctl, Replier};
use crate::errno::{EINVAL, ENOTTY};

const MOST_MESSAGES: u32 = 42;
const READ_FLAG: u16 = 1;
/// Sizes of `struct i2c_rdwr_ioctl_data` and `struct i2c_msg`.
const CALL: usize = 16;
const ENTRY: usize = 16;

/// An entry of the caller's table of messages.
struct Entry {
    address: u16,
    read: bool,
    length: usize,
    buffer: u64,
}

impl Entry {
    fn of(bytes: &[u8]) -> Self {
        Self {
            address: u16_at(bytes, 0),
            read: u16_at(bytes, 2) & READ_FLAG != 0,
            length: usize::from(u16_at(bytes, 4)),
            buffer: u64_at(bytes, 8),
        }
    }
}

impl I2cDevice {
    /// Needs up to three calls: for where the table is, for the table, for what is written.
    pub(super) fn rdwr(&self, ioctl: &Ioctl<'_>, reply: Replier) {
        if ioctl.compat {
            return reply.error(ENOTTY);
        }
        let call: Area = (ioctl.argument, CALL as u64);
        if ioctl.input.is_empty() {
            return reply.again(&[call], &[]);
        }
        let (table, count) = (u64_at(ioctl.input, 0), u32_at(ioctl.input, 8));
        if table == 0 || !(1..=MOST_MESSAGES).contains(&count) {
            return reply.error(EINVAL);
        }
        let count_bytes = usize::try_from(count).expect("at most 42") * ENTRY;
        let table: Area = (table, count_bytes as u64);
        let Some(entries) = ioctl.input.get(CALL..CALL + count_bytes) else {
            return reply.again(&[call, table], &[]);
        };
        let entries: Vec<Entry> = entries.chunks(ENTRY).map(Entry::of).collect();
        if entries.iter().any(|entry| entry.length > LONGEST_MESSAGE) {
            return reply.error(EINVAL);
        }
        let areas = |read: bool| -> Vec<Area> {
            let wanted = entries.iter().filter(|entry| entry.read == read && entry.length > 0);
            wanted.map(|entry| (entry.buffer, entry.length as u64)).collect()
        };
        let total = |read: bool| -> usize {
            entries.iter().filter(|entry| entry.read == read).map(|entry| entry.length).sum()
        };
        let mut written = &ioctl.input[CALL + count_bytes..];
        if written.len() < total(false) || ioctl.room < total(true) {
            return reply.again(&[vec![call, table], areas(false)].concat(), &areas(true));
        }
        let messages = entries.iter().map(|&Entry { address, read, length, .. }| {
            let data = if read {
                vec![0; length]
            } else {
                let (data, rest) = written.split_at(length);
                written = rest;
                data.to_vec()
            };
            Message { address, read, data }
        });
        self.transfer(messages.collect(), move |outcome| match outcome {
            Ok(messages) => {
                let read: Vec<&[u8]> =
                    messages.iter().filter(|message| message.read).map(|message| &message.data[..]).collect();
                reply.ioctl(i32::try_from(count).expect("at most 42"), &read.concat());
            }
            Err(errno) => reply.error(errno),
        });
    }
}

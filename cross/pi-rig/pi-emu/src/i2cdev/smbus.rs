//! `I2C_SMBUS`: the SMBus calls, done by plain messages as the kernel does for adapters without SMBus.

use super::I2cDevice;
use crate::board::Message;
use crate::bytes::{u32_at, u64_at};
use crate::cuse::{Area, Ioctl, Replier};
use crate::errno::{EINVAL, EOPNOTSUPP};

// Sizes of <linux/i2c.h>, which are kinds of calls.
const QUICK: u32 = 0;
const BYTE: u32 = 1;
const BYTE_DATA: u32 = 2;
const WORD_DATA: u32 = 3;
const BLOCK_DATA: u32 = 5;
const I2C_BLOCK_DATA: u32 = 8;

/// Size of `struct i2c_smbus_ioctl_data`.
const CALL: usize = 16;
/// A block: its length, up to 32 bytes, and one more.
const BLOCK: usize = 34;
const LONGEST: usize = 32;

/// Bytes of the caller's data, if there is such a call.
fn data_length(kind: u32, read: bool) -> Option<usize> {
    match (kind, read) {
        (QUICK, _) | (BYTE, false) => Some(0),
        (BYTE, true) | (BYTE_DATA, _) => Some(1),
        (WORD_DATA, _) => Some(2),
        // A read of this kind needs a controller that counts the bytes for itself.
        (BLOCK_DATA, false) | (I2C_BLOCK_DATA, _) => Some(BLOCK),
        _ => None,
    }
}

/// The messages of a call; nothing if the data make no sense.
fn messages(address: u16, kind: u32, read: bool, command: u8, data: &[u8]) -> Option<Vec<Message>> {
    let write = |bytes: &[u8]| Message { address, read: false, data: bytes.to_vec() };
    let fetch = |length: usize| Message { address, read: true, data: vec![0; length] };
    let block = || {
        let length = usize::from(data[0]);
        (1..=LONGEST).contains(&length).then_some(length)
    };
    Some(match (kind, read) {
        (QUICK, true) => vec![fetch(0)],
        (QUICK, false) => vec![write(&[])],
        (BYTE, true) => vec![fetch(1)],
        (BYTE, false) => vec![write(&[command])],
        (BYTE_DATA, true) => vec![write(&[command]), fetch(1)],
        (WORD_DATA, true) => vec![write(&[command]), fetch(2)],
        (BYTE_DATA | WORD_DATA, false) => vec![write(&[&[command], data].concat())],
        (_, true) => vec![write(&[command]), fetch(block()?)],
        // A block of SMBus sends its length as well.
        (BLOCK_DATA, false) => vec![write(&[&[command], &data[..=block()?]].concat())],
        (_, false) => vec![write(&[&[command], &data[1..=block()?]].concat())],
    })
}

impl I2cDevice {
    pub(super) fn smbus(&self, ioctl: &Ioctl<'_>, reply: Replier) {
        let call: Area = (ioctl.argument, CALL as u64);
        if ioctl.input.is_empty() {
            return reply.again(&[call], &[]);
        }
        let (read, command) = (ioctl.input[0] == 1, ioctl.input[1]);
        let (kind, data) = (u32_at(ioctl.input, 4), u64_at(ioctl.input, 8));
        let Some(length) = data_length(kind, read) else { return reply.error(EOPNOTSUPP) };
        if length > 0 && data == 0 {
            return reply.error(EINVAL);
        }
        let area: Area = (data, length as u64);
        // A read of a block takes its length in.
        let takes = if !read || kind == I2C_BLOCK_DATA { length } else { 0 };
        let gives = if read { length } else { 0 };
        if ioctl.input.len() < CALL + takes || ioctl.room < gives {
            let taken: &[Area] = if takes > 0 { &[call, area] } else { &[call] };
            let given: &[Area] = if gives > 0 { &[area] } else { &[] };
            return reply.again(taken, given);
        }
        let Some(messages) = messages(self.address(ioctl.file), kind, read, command, &ioctl.input[CALL..])
        else {
            return reply.error(EINVAL);
        };
        self.transfer(messages, move |outcome| match outcome {
            Ok(messages) => reply.ioctl(0, &answer(&messages, gives)),
            Err(errno) => reply.error(errno),
        });
    }
}

/// What was read, as the caller wants it: a block with its length before it.
fn answer(messages: &[Message], length: usize) -> Vec<u8> {
    let read = messages.last().filter(|message| message.read && length > 0);
    let data = read.map_or(&[][..], |message| &message.data);
    let before = if length == BLOCK { u8::try_from(data.len()).ok() } else { None };
    let mut answer: Vec<u8> = before.into_iter().chain(data.iter().copied()).collect();
    answer.resize(length, 0);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(kind: u32, read: bool, data: &[u8]) -> Option<Vec<(bool, Vec<u8>)>> {
        let messages = messages(0x76, kind, read, 0xD0, data)?;
        Some(messages.into_iter().map(|message| (message.read, message.data)).collect())
    }

    #[test]
    fn calls_become_messages() {
        assert_eq!(bytes(QUICK, false, &[]).unwrap(), [(false, vec![])]);
        assert_eq!(bytes(BYTE_DATA, true, &[]).unwrap(), [(false, vec![0xD0]), (true, vec![0])]);
        assert_eq!(bytes(WORD_DATA, false, &[1, 2]).unwrap(), [(false, vec![0xD0, 1, 2])]);
        assert_eq!(bytes(BLOCK_DATA, false, &[2, 8, 9]).unwrap(), [(false, vec![0xD0, 2, 8, 9])]);
        assert_eq!(bytes(I2C_BLOCK_DATA, false, &[2, 8, 9]).unwrap(), [(false, vec![0xD0, 8, 9])]);
        assert_eq!(bytes(I2C_BLOCK_DATA, true, &[3]).unwrap()[1], (true, vec![0; 3]));
        assert_eq!(bytes(I2C_BLOCK_DATA, true, &[33]), None);
        assert_eq!(data_length(BLOCK_DATA, true), None);
    }

    #[test]
    fn a_block_is_answered_with_its_length() {
        let messages = messages(0x76, I2C_BLOCK_DATA, true, 0xD0, &[3]).unwrap();
        let answer = answer(&messages, BLOCK);
        assert_eq!((answer.len(), answer[0]), (BLOCK, 3));
    }
}

//! `/dev/vcio`: the firmware's property mailbox, with the tags that tell how the board does.
//!
//! A request is a list of 32-bit words: its size, 0, then for each tag its number, room for the answer in
//! bytes, 0 and the room itself; a 0 ends it.

use std::sync::Arc;

use crate::board::Board;
use crate::bytes::u32_at;
use crate::cuse::{Device, Ioctl, Replier};
use crate::errno::{EINVAL, ENOTTY};

/// `_IOWR(100, 0, char *)`
const PROPERTY: u32 = 0xC008_6400;
/// Set in the second word: the request succeeded; in a tag's third: it is answered.
const ANSWERED: u32 = 0x8000_0000;
const MOST_BYTES: usize = 65536;

const FIRMWARE: u32 = 0x0000_0001;
const MODEL: u32 = 0x0001_0001;
const REVISION: u32 = 0x0001_0002;
const SERIAL: u32 = 0x0001_0004;
const CLOCK_RATE: u32 = 0x0003_0002;
const VOLTAGE: u32 = 0x0003_0003;
const TEMPERATURE: u32 = 0x0003_0006;
const THROTTLED: u32 = 0x0003_0046;
const CLOCK_RATE_MEASURED: u32 = 0x0003_0047;
/// A command in text, answered in text, as `vcgencmd` uses it.
const COMMAND: u32 = 0x0003_0080;

/// Ids within the tags that have some.
const ARM_CLOCK: u32 = 3;
const CORE_VOLTAGE: u32 = 1;
/// A frequency cap, or throttling, now.
const SLOW: u32 = 0b110;

/// The device.
pub struct Mailbox(pub Arc<Board>);

impl Mailbox {
    /// Hertz of the processor.
    fn hertz(throttled: u32) -> u32 {
        if throttled & SLOW != 0 { 600_000_000 } else { 1_200_000_000 }
    }

    /// What a command in text is answered.
    fn obey(&self, command: &str) -> String {
        let state = self.0.lock();
        let mut words = command.split_whitespace();
        match (words.next(), words.next()) {
            (Some("get_throttled"), _) => format!("throttled={:#x}", state.throttled),
            (Some("measure_temp"), _) => format!("temp={:.1}'C", state.processor()),
            (Some("measure_volts"), None | Some("core")) => format!("volt={:.4}V", state.core_volts),
            // 48 is its number in the firmware.
            (Some("measure_clock"), Some("arm")) => format!("frequency(48)={}", Self::hertz(state.throttled)),
            _ => "error=1 error_msg=\"Command not registered\"".to_owned(),
        }
    }

    /// The answer to a command, as words: no error, and the text with a zero at its end, cut to the room.
    fn text(&self, room: &[u8]) -> Vec<u32> {
        let command = room[4..].split(|byte| *byte == 0).next().unwrap_or_default();
        let mut text = self.obey(&String::from_utf8_lossy(command)).into_bytes();
        text.truncate(room.len() - 5);
        text.resize((text.len() / 4 + 1) * 4, 0);
        std::iter::once(0).chain(text.chunks(4).map(|word| u32_at(word, 0))).collect()
    }

    /// The words that a tag is answered with; nothing for one that this firmware does not know.
    fn answer(&self, tag: u32, id: u32) -> Option<Vec<u32>> {
        let state = self.0.lock();
        Some(match (tag, id) {
            (FIRMWARE, _) => vec![0x6601_0000],
            (MODEL, _) => vec![0],
            (REVISION, _) => vec![0x00A0_2082],
            (SERIAL, _) => vec![0xBADC_AFE0, 0],
            (CLOCK_RATE | CLOCK_RATE_MEASURED, ARM_CLOCK) => vec![id, Self::hertz(state.throttled)],
            (CLOCK_RATE | CLOCK_RATE_MEASURED, _) => vec![id, 0],
            (VOLTAGE, CORE_VOLTAGE) => vec![id, (state.core_volts * 1e6).round() as u32],
            // Its bit 31 says that there is no such voltage.
            (VOLTAGE, _) => vec![id, ANSWERED],
            (TEMPERATURE, _) => vec![id, (state.processor() * 1000.0).round() as u32],
            (THROTTLED, _) => vec![state.throttled],
            _ => return None,
        })
    }

    /// Answers the tags of a request in place.
    fn property(&self, request: &mut [u8]) {
        let words = request.len() / 4;
        let put = |request: &mut [u8], word: usize, value: u32| {
            request[4 * word..4 * word + 4].copy_from_slice(&value.to_ne_bytes());
        };
        let mut at = 2;
        while at + 3 <= words && u32_at(request, 4 * at) != 0 {
            let (tag, room) = (u32_at(request, 4 * at), u32_at(request, 4 * at + 4).div_ceil(4) as usize);
            let value = at + 3;
            if value + room > words {
                break;
            }
            let id = if room > 0 { u32_at(request, 4 * value) } else { 0 };
            let answer = match tag {
                COMMAND if room > 1 => Some(self.text(&request[4 * value..4 * (value + room)])),
                _ => self.answer(tag, id),
            };
            if let Some(answer) = answer {
                for (index, word) in answer.iter().take(room).enumerate() {
                    put(request, value + index, *word);
                }
                let bytes = u32::try_from(4 * answer.len()).expect("no longer than the request");
                put(request, at + 2, ANSWERED | bytes);
            }
            at = value + room;
        }
        put(request, 1, ANSWERED);
    }
}

impl Device for Mailbox {
    fn open(&mut self, _file: u64) {}

    fn release(&mut self, _file: u64) {}

    fn read(&mut self, _file: u64, _size: usize, reply: Replier) {
        reply.error(EINVAL);
    }

    fn write(&mut self, _file: u64, _data: &[u8], reply: Replier) {
        reply.error(EINVAL);
    }

    fn ioctl(&mut self, ioctl: &Ioctl<'_>, reply: Replier) {
        if ioctl.command != PROPERTY {
            return reply.error(ENOTTY);
        }
        if ioctl.input.is_empty() {
            return reply.again(&[(ioctl.argument, 4)], &[]);
        }
        let size = u32_at(ioctl.input, 0) as usize;
        if !(12..=MOST_BYTES).contains(&size) || !size.is_multiple_of(4) {
            return reply.error(EINVAL);
        }
        if ioctl.input.len() < size || ioctl.room < size {
            let area = [(ioctl.argument, size as u64)];
            return reply.again(&area, &area);
        }
        let mut request = ioctl.input[..size].to_vec();
        self.property(&mut request);
        reply.ioctl(0, &request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[u32]) -> Vec<u32> {
        let board = Arc::new(Board::new(0x76, 1));
        board.lock().throttled = 0x50005;
        let mut request: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        Mailbox(board).property(&mut request);
        request.chunks(4).map(|word| u32_at(word, 0)).collect()
    }

    #[test]
    fn a_request_of_several_tags_is_answered_in_place() {
        let clock = [CLOCK_RATE, 8, 0, ARM_CLOCK, 0];
        let words = [&[0, 0, THROTTLED, 4, 0, 0][..], &clock, &[0]].concat();
        let answered = asked(&words);
        assert_eq!(answered[1], ANSWERED);
        assert_eq!(answered[4..6], [ANSWERED | 4, 0x50005]);
        assert_eq!(answered[8..11], [ANSWERED | 8, ARM_CLOCK, 600_000_000]);
    }

    #[test]
    fn a_command_in_text_is_answered_in_text() {
        let mut words = vec![0, 0, COMMAND, 64, 0, 0];
        let text: Vec<u8> = b"get_throttled\0\0\0".to_vec();
        words.extend(text.chunks(4).map(|word| u32_at(word, 0)));
        words.resize(6 + 16, 0);
        let answered = asked(&words);
        assert_eq!(answered[4..6], [ANSWERED | 24, 0]);
        let bytes: Vec<u8> = answered[6..].iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert!(bytes.starts_with(b"throttled=0x50005\0"), "{bytes:?}");
    }

    #[test]
    fn an_unknown_tag_is_left_as_it_was() {
        let words = [0, 0, 0x0003_9999, 4, 0, 7, 0];
        let answered = asked(&words);
        assert_eq!(answered[2..], words[2..]);
    }

    #[test]
    fn a_tag_that_does_not_fit_is_left_alone() {
        let answered = asked(&[0, 0, THROTTLED, 400, 0, 0]);
        assert_eq!(answered[4..], [0, 0]);
    }
}

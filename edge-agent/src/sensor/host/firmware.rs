//! The firmware of a Raspberry Pi, asked through /dev/vcio, which its own `vcgencmd` uses as well.

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use std::{
    fs::{File, OpenOptions},
    io,
};

/// Who may open it: root and the group `video`.
const DEVICE: &str = "/dev/vcio";
/// Message of the kernel's driver: a property buffer goes in, and the answer comes back in its place.
const PROPERTY: Opcode = opcode::read_write::<*mut u8>(100, 0);
/// A command in text, answered in text.
const GET_GENCMD_RESULT: u32 = 0x0003_0080;
/// Room for the text of a command or its answer, as much as `vcgencmd` gives.
const TEXT_BYTES: usize = 1024;
/// Size, code; tag, room, length, error; the text; end.
const WORDS: usize = 6 + TEXT_BYTES / 4 + 1;
/// Bit of an answer, of the whole message and of its tag.
const ANSWERED: u32 = 0x8000_0000;

/// An open line to the firmware.
pub(super) struct Firmware {
    device: File,
    message: Box<[u32; WORDS]>,
}

impl Firmware {
    /// Opens the device; nothing on machines that have none.
    ///
    /// # Errors
    /// When it is there but must not be opened.
    pub(super) fn open() -> io::Result<Option<Self>> {
        match OpenOptions::new().read(true).open(DEVICE) {
            Ok(device) => Ok(Some(Self { device, message: Box::new([0; WORDS]) })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::new(error.kind(), format!("{DEVICE}: {error}"))),
        }
    }

    /// Asks for one figure: `measure_volts core` is answered by `volt=0.8500V`, say, and this gives the text
    /// behind the `=`. `None` when the firmware does not know the command.
    ///
    /// # Errors
    /// When the firmware cannot be asked.
    pub(super) fn ask(&mut self, command: &str) -> io::Result<Option<String>> {
        write(&mut self.message, command);
        exchange(&self.device, &mut self.message)?;
        Ok(answer(&self.message).and_then(|text| Some(text.split_once('=')?.1.to_owned())))
    }
}

/// Sends a message and puts the answer in its place.
#[allow(unsafe_code)] // No safe wrapper knows this driver.
fn exchange(device: &File, message: &mut [u32; WORDS]) -> io::Result<()> {
    // SAFETY: the driver reads and writes as many bytes as the message's first word says, which is set to
    // the size of the array here; any bytes are valid in it.
    unsafe {
        message[0] = size_of::<[u32; WORDS]>() as u32;
        ioctl(device, Updater::<PROPERTY, [u32; WORDS]>::new(message))?;
    }
    Ok(())
}

fn write(message: &mut [u32; WORDS], command: &str) {
    message.fill(0);
    message[2] = GET_GENCMD_RESULT;
    message[3] = TEXT_BYTES as u32;
    // The room begins with the error, so this much is left, and a zero at its end.
    for (place, byte) in command.bytes().take(TEXT_BYTES - 5).enumerate() {
        let word = &mut message[6 + place / 4];
        let mut bytes = word.to_ne_bytes();
        bytes[place % 4] = byte;
        *word = u32::from_ne_bytes(bytes);
    }
}

/// The text of an answer without error.
fn answer(message: &[u32; WORDS]) -> Option<String> {
    let understood = message[1] == ANSWERED && message[4] & ANSWERED != 0 && message[5] == 0;
    let bytes = message[6..].iter().flat_map(|word| word.to_ne_bytes()).take_while(|byte| *byte != 0);
    let text = String::from_utf8(bytes.collect()).ok()?;
    (understood && !text.starts_with("error")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an answer with these codes of the message and of the command.
    fn answered(code: u32, error: u32, text: &str) -> Option<String> {
        let mut message = [0; WORDS];
        write(&mut message, text);
        (message[1], message[4], message[5]) = (code, ANSWERED | 16, error);
        answer(&message)
    }

    #[test]
    fn a_command_is_laid_out_as_the_firmware_wants_it() {
        let mut message = [7; WORDS];
        write(&mut message, "abcde");
        assert_eq!(message[1..6], [0, 0x0003_0080, 1024, 0, 0]);
        assert_eq!(message[6..9], [u32::from_ne_bytes(*b"abcd"), u32::from_ne_bytes(*b"e\0\0\0"), 0]);
        write(&mut message, &"x".repeat(5000));
        assert_eq!(message[5 + TEXT_BYTES / 4..], [0, 0], "the end tag follows the room");
        #[cfg(target_pointer_width = "64")]
        assert_eq!(PROPERTY, 0xC008_6400);
    }

    #[test]
    fn only_an_answer_without_error_is_taken() {
        assert_eq!(answered(ANSWERED, 0, "volt=0.8500V").as_deref(), Some("volt=0.8500V"));
        assert_eq!(answered(ANSWERED, 1, "volt=0.8500V"), None);
        assert_eq!(answered(ANSWERED | 1, 0, "volt=0.8500V"), None, "the message was not understood");
        assert_eq!(answered(ANSWERED, 0, "error=1 error_msg=\"Command not registered\""), None);
        let mut untouched = [0; WORDS];
        write(&mut untouched, "measure_volts core");
        assert_eq!(answer(&untouched), None, "a firmware that knows no such tag leaves it as it was");
    }
}

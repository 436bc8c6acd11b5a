//! What the kernel says of a DS18B20: the nine bytes of its memory, and whether their checksum is right.

use crate::sensor::chip::Trouble;

/// What the temperature register holds before the first conversion: 85 degrees.
const POWER_ON: [u8; 2] = [0x50, 0x05];

/// The temperature register, low byte first, of what the kernel says in `w1_slave`.
///
/// Only the bytes count. The kernel's `t=`, and the whole of its file `temperature`, are also given when the
/// checksum is wrong.
///
/// # Errors
/// When there are no such bytes or they cannot be believed.
pub(super) fn temperature(text: &str) -> Result<[u8; 2], Trouble> {
    // A conversion that failed leaves the text empty.
    let Some(line) = text.lines().next() else { return Err(Trouble::Silent) };
    let (bytes, verdict) = line.split_once(" : crc=").ok_or(Trouble::Garbled)?;
    if !verdict.ends_with(" YES") {
        return Err(Trouble::Checksum);
    }
    let bytes: Vec<u8> = bytes
        .split(' ')
        .map(|byte| u8::from_str_radix(byte, 16))
        .collect::<Result<_, _>>()
        .or(Err(Trouble::Garbled))?;
    let [low, high, _, _, config, ..] = bytes[..] else { return Err(Trouble::Garbled) };
    // A bus that is held low reads as zeros, and these pass the checksum. Here a DS18B20 always has ones.
    if config & 0b1001_1111 != 0b0001_1111 {
        return Err(Trouble::Garbled);
    }
    if [low, high] == POWER_ON {
        return Err(Trouble::Skipped);
    }
    Ok([low, high])
}

/// Degrees Celsius of the temperature register: sixteenths, by table 1 of the data sheet.
pub(super) fn celsius(register: [u8; 2]) -> f64 {
    f64::from(i16::from_le_bytes(register)) / 16.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_sheets_table() {
        for (code, expected) in [
            (0x07D0_u16, 125.0),
            (0x0550, 85.0),
            (0x0191, 25.0625),
            (0x00A2, 10.125),
            (0x0008, 0.5),
            (0x0000, 0.0),
            (0xFFF8, -0.5),
            (0xFF5E, -10.125),
            (0xFE6F, -25.0625),
            (0xFC90, -55.0),
        ] {
            assert_eq!(celsius(code.to_le_bytes()), expected, "{code:#06x}");
        }
    }

    fn fault(text: &str) -> String {
        format!("{:?}", temperature(text).unwrap_err())
    }

    #[test]
    fn only_bytes_with_a_good_checksum_count() {
        let good = "91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n91 01 4b 46 7f ff 0f 10 25 t=25062\n";
        assert_eq!(temperature(good).unwrap(), [0x91, 0x01]);
        let bad = good.replace("YES", "NO");
        assert_eq!(fault(&bad), "Checksum");
        assert_eq!(fault(""), "Silent");
        for text in ["t=25062\n", "91 01 : crc=25 YES\n", "91 0x 4b 46 7f ff 0f 10 25 : crc=25 YES\n"] {
            assert_eq!(fault(text), "Garbled", "{text}");
        }
    }

    #[test]
    fn the_traps_with_a_good_checksum_are_seen() {
        assert_eq!(fault("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n"), "Skipped");
        assert_eq!(fault("00 00 00 00 00 00 00 00 00 : crc=00 YES\n"), "Garbled");
    }
}

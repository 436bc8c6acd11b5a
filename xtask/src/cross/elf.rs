//! Reads from an ELF file whether it runs everywhere on an architecture.

use anyhow::{Context, bail};

const PT_INTERP: u32 = 3;

/// The machine number of a 64-bit little-endian ELF program. Fails if it needs a dynamic loader.
pub(crate) fn static_machine(bytes: &[u8]) -> anyhow::Result<u16> {
    if bytes.get(..6) != Some(b"\x7fELF\x02\x01") {
        bail!("it is no 64-bit little-endian ELF file");
    }
    let table = usize::try_from(u64::from_le_bytes(field(bytes, 32)?))?;
    let size = usize::from(u16::from_le_bytes(field(bytes, 54)?));
    let count = usize::from(u16::from_le_bytes(field(bytes, 56)?));
    for index in 0..count {
        let offset = table.checked_add(index * size).context("its program headers lie outside")?;
        if u32::from_le_bytes(field(bytes, offset)?) == PT_INTERP {
            bail!("it is not static: it asks for a dynamic loader");
        }
    }
    Ok(u16::from_le_bytes(field(bytes, 18)?))
}

fn field<const N: usize>(bytes: &[u8], offset: usize) -> anyhow::Result<[u8; N]> {
    let end = offset.checked_add(N).context("it is cut short")?;
    let slice = bytes.get(offset..end).context("it is cut short")?;
    Ok(slice.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(machine: u16, segments: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56 * segments.len()];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&u16::try_from(segments.len()).unwrap().to_le_bytes());
        for (index, segment) in segments.iter().enumerate() {
            let offset = 64 + 56 * index;
            bytes[offset..offset + 4].copy_from_slice(&segment.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_static_program_gives_its_machine() {
        // PT_LOAD and PT_DYNAMIC: a static program may still be position independent.
        assert_eq!(static_machine(&file(183, &[1, 2])).unwrap(), 183);
    }

    #[test]
    fn a_dynamic_or_broken_file_is_refused() {
        let refusal = |bytes: &[u8]| static_machine(bytes).unwrap_err().to_string();
        assert!(refusal(&file(62, &[1, PT_INTERP])).contains("dynamic loader"));
        assert!(refusal(b"#!/bin/sh").contains("no 64-bit"));
        assert!(refusal(&file(62, &[1])[..66]).contains("cut short"));
        let mut far = file(62, &[1]);
        far[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(refusal(&far).contains("cut short"));
    }

    #[test]
    fn this_very_test_needs_a_loader() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(static_machine(&own).unwrap_err().to_string().contains("dynamic loader"));
    }
}

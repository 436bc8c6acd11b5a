//! Reads an agent's spool by its documented layout, not by the agent's code.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::account::{Key, Source};

const HEADER: &[u8; 16] = b"EDGEWISE-SPOOL\x01\x00";
const MARK: [u8; 4] = [0xED, 0x9E, 0x5B, 0x01];
const BATCH_HEADER: usize = 20;

/// The summaries in all spool files of a device; none where there is no directory.
pub(super) fn read(directory: &Path, device: &str) -> anyhow::Result<Vec<Key>> {
    let mut keys = Vec::new();
    for path in files(directory)? {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // A running agent may remove it meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        keys.extend(parse(&bytes, device).with_context(|| path.display().to_string())?);
    }
    Ok(keys)
}

fn files(directory: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "spool") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// All whole batches. A batch that is not was being written when its agent died: nobody relies on it.
fn parse(file: &[u8], device: &str) -> anyhow::Result<Vec<Key>> {
    let known = file.len().min(HEADER.len());
    if file[..known] != HEADER[..known] {
        bail!("not a spool of version 1");
    }
    let mut keys = Vec::new();
    let mut rest = &file[known..];
    while let Some((header, body)) = rest.split_at_checked(BATCH_HEADER) {
        let Some(numbers) = header.strip_prefix(&MARK) else { bail!("no batch where one should begin") };
        let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| numbers[at * 4 + i])) as usize;
        let (count, plain_bytes, stored_bytes) = (number(0), number(1), number(2));
        let Some((stored, next)) = body.split_at_checked(stored_bytes) else { break };
        let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(stored, plain_bytes)
            .ok()
            .context("a batch cannot be unpacked")?;
        let mut entries = plain.as_slice();
        for _ in 0..count {
            keys.push(entry(&mut entries, device).context("a batch ends too early")?);
        }
        rest = next;
    }
    Ok(keys)
}

fn entry(rest: &mut &[u8], device: &str) -> Option<Key> {
    let boot_bytes = usize::from(*rest.split_off_first()?);
    let boot = std::str::from_utf8(rest.split_off(..boot_bytes)?).ok()?;
    let sequence = u64::from_le_bytes(rest.split_off(..8)?.try_into().ok()?);
    let json_bytes = u32::from_le_bytes(rest.split_off(..4)?.try_into().ok()?);
    rest.split_off(..json_bytes as usize)?;
    Some((Source { device: device.to_owned(), boot: boot.to_owned() }, sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(sequences: &[u64]) -> Vec<u8> {
        let mut plain = Vec::new();
        for sequence in sequences {
            plain.extend_from_slice(b"\x02b1");
            plain.extend_from_slice(&sequence.to_le_bytes());
            plain.extend_from_slice(b"\x02\0\0\0{}");
        }
        // One stored block of DEFLATE, as RFC 1951 has it: packed by hand.
        let length = plain.len() as u16;
        let stored = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &plain].concat();
        let sizes = [sequences.len(), plain.len(), stored.len(), 0].map(|size| (size as u32).to_le_bytes());
        [&MARK[..], &sizes.concat(), &stored].concat()
    }

    #[test]
    fn whole_batches_count_and_a_torn_one_does_not() {
        let whole = [HEADER.to_vec(), batch(&[1, 2]), batch(&[3])].concat();
        let sequences = |file: &[u8]| -> Vec<u64> {
            parse(file, "roof").unwrap().into_iter().map(|(_, sequence)| sequence).collect()
        };
        assert_eq!(sequences(&whole), [1, 2, 3]);
        assert_eq!(parse(&whole, "roof").unwrap()[0].0, Source { device: "roof".into(), boot: "b1".into() });
        assert_eq!(sequences(&whole[..whole.len() - 1]), [1, 2]);
        assert_eq!(sequences(&whole[..10]), [0; 0], "torn in its header");
    }

    #[test]
    fn another_layout_is_told_and_not_guessed_at() {
        assert!(parse(b"EDGEWISE-SPOOL\x02\x00", "roof").is_err());
        assert!(parse(&[&HEADER[..], &[0; 40]].concat(), "roof").is_err());
    }
}

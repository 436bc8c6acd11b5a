//! How summaries stand in a spool file: in batches, packed together and each with a checksum.
//!
//! ```text
//! file   = "EDGEWISE-SPOOL" version:u16  batch*
//! batch  = MARK count:u32 plain:u32 stored:u32 crc32:u32  stored bytes, DEFLATE of plain bytes
//! plain  = (length:u8 boot  sequence:u64  length:u32 json)*
//! ```
//!
//! Numbers are little-endian. The checksum is over count, plain, stored and the stored bytes. Pure code, no
//! I/O.

use protocol::BootId;
use std::ops::Range;

/// What a spool file begins with, the version apart.
const MAGIC: &[u8; 14] = b"EDGEWISE-SPOOL";
/// The version that this program writes, and the newest that it reads.
const VERSION: u16 = 1;
/// Length of the beginning of a file.
pub(super) const FILE_HEADER: usize = MAGIC.len() + 2;
/// What a batch begins with, to be found again behind a damaged one.
const MARK: [u8; 4] = [0xED, 0x9E, 0x5B, 0x01];
const BATCH_HEADER: usize = MARK.len() + 16;
/// Largest batch that is believed, unpacked. Ours are a hundredth of it.
const MAX_PLAIN: usize = 16 * 1024 * 1024;
/// Speed before size: on JSON of one shape the best level saves a few percent more.
const LEVEL: u8 = 4;

/// A summary in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The run of the agent that it belongs to.
    pub boot: BootId,
    /// Its number in that run.
    pub sequence: u64,
    /// The payload of a `summary` message.
    pub json: Vec<u8>,
}

/// Why a file is not read. It is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not ours.
    #[error("it is no spool file; it is left alone, move it away")]
    Foreign,
    /// From the future.
    #[error(
        "a newer agent wrote it (version {0}, this one knows {VERSION}); it is left alone, update the agent"
    )]
    Newer(u16),
}

/// What the first bytes of a file must be.
pub(super) fn file_header() -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// Whether a file that begins so is ours to read. One cut short before its header was complete is: it holds
/// nothing.
pub(super) fn check_file(bytes: &[u8]) -> Result<(), FileError> {
    let begins = bytes.len().min(MAGIC.len());
    if bytes[..begins] != MAGIC[..begins] {
        return Err(FileError::Foreign);
    }
    match bytes.get(MAGIC.len()..FILE_HEADER) {
        Some(version) => match u16::from_le_bytes([version[0], version[1]]) {
            VERSION => Ok(()),
            newer => Err(FileError::Newer(newer)),
        },
        None => Ok(()),
    }
}

/// The bytes of a batch.
pub(super) fn encode<'a>(entries: impl IntoIterator<Item = (&'a BootId, u64, &'a [u8])>) -> Vec<u8> {
    let (mut plain, mut count) = (Vec::new(), 0_u32);
    for (boot, sequence, json) in entries {
        let boot = boot.as_str().as_bytes();
        plain.push(u8::try_from(boot.len()).expect("a boot id has at most 64 characters"));
        plain.extend_from_slice(boot);
        plain.extend_from_slice(&sequence.to_le_bytes());
        plain.extend_from_slice(&length(json.len()));
        plain.extend_from_slice(json);
        count += 1;
    }
    let stored = miniz_oxide::deflate::compress_to_vec(&plain, LEVEL);
    let sizes = [count.to_le_bytes(), length(plain.len()), length(stored.len())].concat();
    let mut batch = Vec::with_capacity(BATCH_HEADER + stored.len());
    batch.extend_from_slice(&MARK);
    batch.extend_from_slice(&sizes);
    batch.extend_from_slice(&checksum(&sizes, &stored).to_le_bytes());
    batch.extend_from_slice(&stored);
    batch
}

/// A batch of these parts as they are: its count and plain length, and what is stored.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn of_parts(count_and_plain: &[u8], stored: &[u8]) -> Vec<u8> {
    let sizes = [count_and_plain, &length(stored.len())].concat();
    [&MARK[..], &sizes, &checksum(&sizes, stored).to_le_bytes(), stored].concat()
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("a batch is far below 4 GiB").to_le_bytes()
}

fn checksum(sizes: &[u8], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(sizes);
    hasher.update(stored);
    hasher.finalize()
}

/// What was read of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// All that is whole, in the order in which it was written.
    pub entries: Vec<Entry>,
    /// Bytes that belong to no whole batch: torn by a power cut, or gone bad since.
    pub damaged_bytes: usize,
}

/// Reads all whole batches of a file that was [checked](check_file). What is damaged is skipped; whatever
/// stands behind is found again by its mark.
pub(super) fn decode(file: &[u8]) -> Content {
    let mut content = Content::default();
    let mut rest = file.get(FILE_HEADER..).unwrap_or_default();
    while !rest.is_empty() {
        if let Some((entries, used)) = first_batch(rest) {
            content.entries.extend(entries);
            rest = &rest[used.end..];
        } else {
            let next = find(&rest[1..], &MARK).map_or(rest.len(), |at| at + 1);
            content.damaged_bytes += next;
            rest = &rest[next..];
        }
    }
    content
}

/// The number of summaries in the batch at the beginning, and where the next one begins, by its header
/// alone.
pub(super) fn glance(header: &[u8]) -> Option<(u32, usize)> {
    let [count, _, stored, _] = fields(header)?;
    Some((count, BATCH_HEADER + stored as usize))
}

/// Bytes that [`glance`] needs.
pub(super) const GLANCE: usize = BATCH_HEADER;

fn fields(header: &[u8]) -> Option<[u32; 4]> {
    let numbers = header.get(..BATCH_HEADER)?.strip_prefix(&MARK)?;
    let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| numbers[at * 4 + i]));
    Some([number(0), number(1), number(2), number(3)])
}

fn first_batch(bytes: &[u8]) -> Option<(Vec<Entry>, Range<usize>)> {
    let [count, plain_bytes, stored_bytes, sum] = fields(bytes)?;
    let body = BATCH_HEADER..BATCH_HEADER.checked_add(stored_bytes as usize)?;
    let stored = bytes.get(body.clone())?;
    if checksum(&bytes[MARK.len()..MARK.len() + 12], stored) != sum || plain_bytes as usize > MAX_PLAIN {
        return None;
    }
    let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(stored, plain_bytes as usize).ok()?;
    let mut rest = plain.as_slice();
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(entry(&mut rest)?);
    }
    rest.is_empty().then_some((entries, body))
}

fn entry(rest: &mut &[u8]) -> Option<Entry> {
    let boot_bytes = usize::from(*rest.split_off_first()?);
    let boot = std::str::from_utf8(rest.split_off(..boot_bytes)?).ok()?.parse().ok()?;
    let sequence = u64::from_le_bytes(rest.split_off(..8)?.try_into().ok()?);
    let json_bytes = u32::from_le_bytes(rest.split_off(..4)?.try_into().ok()?);
    let json = rest.split_off(..json_bytes as usize)?.to_vec();
    Some(Entry { boot, sequence, json })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries(from: u64, number: u64) -> Vec<Entry> {
        let json = |sequence: u64| format!(r#"{{"sequence":{sequence},"mean":{{"cpu_percent":1.5}}}}"#);
        let entry =
            |sequence| Entry { boot: "3f2a".parse().unwrap(), sequence, json: json(sequence).into_bytes() };
        (from..from + number).map(entry).collect()
    }

    fn batch(entries: &[Entry]) -> Vec<u8> {
        encode(entries.iter().map(|e| (&e.boot, e.sequence, e.json.as_slice())))
    }

    fn file(batches: &[Vec<u8>]) -> Vec<u8> {
        [file_header().to_vec(), batches.concat()].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        let file = file(&[batch(&entries(1, 5)), batch(&[]), batch(&entries(6, 1))]);
        check_file(&file).unwrap();
        assert_eq!(decode(&file), Content { entries: entries(1, 6), damaged_bytes: 0 });
        assert_eq!(glance(&file[FILE_HEADER..][..GLANCE]), Some((5, batch(&entries(1, 5)).len())));
    }

    #[test]
    fn files_of_others_and_of_the_future_are_told_apart() {
        assert_eq!(check_file(b"PK\x03\x04 something else"), Err(FileError::Foreign));
        let mut newer = file(&[]);
        newer[MAGIC.len()] = 2;
        assert_eq!(check_file(&newer), Err(FileError::Newer(2)));
        for cut in 0..FILE_HEADER {
            assert_eq!(check_file(&file(&[])[..cut]), Ok(()), "cut short while it was made");
            assert_eq!(decode(&file(&[])[..cut]), Content::default());
        }
    }

    #[test]
    fn of_a_torn_file_only_the_torn_batch_is_lost() {
        let (first, second) = (batch(&entries(1, 3)), batch(&entries(4, 3)));
        let whole = file(&[first.clone(), second]);
        for cut in FILE_HEADER + first.len()..whole.len() {
            let content = decode(&whole[..cut]);
            assert_eq!(content.entries, entries(1, 3), "cut at {cut}");
            assert_eq!(content.damaged_bytes, cut - FILE_HEADER - first.len());
        }
    }

    #[test]
    fn a_claim_of_a_billion_summaries_is_damage_and_costs_no_memory() {
        let mut bytes = file(&[batch(&entries(1, 1)), batch(&entries(2, 1))]);
        bytes[FILE_HEADER + MARK.len()..][..12].fill(0xFF);
        let content = decode(&bytes);
        assert_eq!(content.entries, entries(2, 1));
        assert_eq!(content.damaged_bytes, batch(&entries(1, 1)).len());

        // Even when the checksum agrees.
        let mut lying = batch(&entries(1, 1));
        lying[4..8].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
        let sum = checksum(&lying[4..16], &lying[BATCH_HEADER..]);
        lying[16..20].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(decode(&file(&[lying])).entries, []);
    }

    proptest! {
        /// One damaged byte costs at most the batch that it is in; what is read is what was written.
        #[test]
        fn a_damaged_byte_costs_one_batch(at in 0_usize..4_000, to in any::<u8>()) {
            let batches: Vec<_> = (0..4).map(|n| batch(&entries(1 + n * 5, 5))).collect();
            let mut bytes = file(&batches);
            let at = FILE_HEADER + at % (bytes.len() - FILE_HEADER);
            bytes[at] = to;
            let content = decode(&bytes);
            prop_assert!(content.entries.len() >= 15, "{}", content.entries.len());
            let all = entries(1, 20);
            prop_assert!(content.entries.iter().all(|entry| all.contains(entry)));
            prop_assert!(content.entries.is_sorted_by_key(|entry| entry.sequence));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = check_file(&bytes);
            decode(&[file_header().to_vec(), MARK.to_vec(), bytes].concat());
        }
    }
}

//! The body of a fuzz target.

use super::batch::{self, Entry};

/// The most that a batch may unpack to, by the times its bytes: DEFLATE reaches about 1032.
const MOST_TIMES: usize = 1100;

/// What a card may give back. The first byte says what of a file the others are: all of it, the packed part of a
/// batch, or what is in there; around that everything is as it should be, so that more than the checksum is met.
pub fn file(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let file = match first % 4 {
        0 => rest.to_vec(),
        1 => [&batch::file_header()[..], rest].concat(),
        2 => {
            let Some((sizes, stored)) = rest.split_at_checked(8) else { return };
            [&batch::file_header()[..], &batch::of_parts(sizes, stored)].concat()
        }
        _ => {
            let Some((count, plain)) = rest.split_at_checked(4) else { return };
            let plain_bytes = u32::try_from(plain.len()).unwrap_or(u32::MAX).to_le_bytes();
            let stored = miniz_oxide::deflate::compress_to_vec(plain, 1);
            let sizes = [count, &plain_bytes].concat();
            [&batch::file_header()[..], &batch::of_parts(&sizes, &stored)].concat()
        }
    };
    if batch::check_file(&file).is_err() {
        return;
    }
    let content = batch::decode(&file);
    assert!(content.damaged_bytes <= file.len());
    let size: usize = content.entries.iter().map(|entry| entry.json.len()).sum();
    assert!(size <= file.len() * MOST_TIMES, "{size} bytes of {}", file.len());
    let again = batch::encode(content.entries.iter().map(|e: &Entry| (&e.boot, e.sequence, &e.json[..])));
    let again = batch::decode(&[&batch::file_header()[..], &again].concat());
    assert_eq!((again.entries, again.damaged_bytes), (content.entries, 0));
}

//! Numbers in the kernel's messages, in this machine's byte order.

/// Panics if the message is shorter than the kernel ever sends it, as an index would.
fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[offset..offset + N]);
    array
}

pub fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_ne_bytes(array(bytes, offset))
}

pub fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(array(bytes, offset))
}

pub fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_ne_bytes(array(bytes, offset))
}

/// A length of the caller's memory as an index.
pub fn length_at(bytes: &[u8], offset: usize) -> usize {
    usize::try_from(u32_at(bytes, offset)).expect("this runs on 64 bits")
}

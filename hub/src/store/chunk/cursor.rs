//! Reading and writing the parts of a chunk, or of a row.

use super::{Damaged, kind};
use pco::{
    data_types::Number,
    standalone::{DecompressorItem, FileDecompressor},
};

/// A chunk under way.
#[derive(Default)]
pub(in crate::store) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(in crate::store) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    pub(in crate::store) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    pub(in crate::store) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Numbers near zero are short, whatever their sign.
    pub(in crate::store) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(in crate::store) fn float(&mut self, number: f64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn column(&mut self, kind: u8, bytes: &[u8]) {
        self.byte(kind);
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(in crate::store) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The rest of a chunk.
pub(in crate::store) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in crate::store) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(in crate::store) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(in crate::store) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged("a number in it does not end".to_owned()))
    }

    pub(in crate::store) fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(in crate::store) fn float(&mut self) -> Result<f64, Damaged> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    /// Whether all of it was read.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn column(&mut self) -> Result<(u8, &'a [u8]), Damaged> {
        let kind = self.byte()?;
        let length = usize::try_from(self.number()?).map_err(|_| ends_early())?;
        let (column, rest) = self.rest.split_at_checked(length).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok((kind, column))
    }

    pub(super) fn integers(&mut self, points: usize) -> Result<Vec<i64>, Damaged> {
        self.integers_if_any(points)?.ok_or_else(|| Damaged("it lacks a column".to_owned()))
    }

    pub(super) fn integers_if_any(&mut self, points: usize) -> Result<Option<Vec<i64>>, Damaged> {
        match self.column()? {
            (kind::ABSENT, _) => Ok(None),
            (kind::CONSTANT, bytes) => {
                let value = bytes.try_into().map_err(|_| ends_early())?;
                Ok(Some(vec![i64::from_le_bytes(value); points]))
            }
            (kind::INTEGERS, bytes) => decompressed(bytes, points).map(Some),
            (kind, _) => Err(unknown(kind)),
        }
    }

    pub(super) fn floats(&mut self, points: usize) -> Result<Option<Vec<f64>>, Damaged> {
        match self.column()? {
            (kind::ABSENT, _) => Ok(None),
            (kind::FLOATS, bytes) => decompressed(bytes, points).map(Some),
            (kind, _) => Err(unknown(kind)),
        }
    }
}

/// The numbers of a column. Room is made for as many as it says to hold, part by part, and only if that are not too many.
fn decompressed<T: Number + Default>(mut bytes: &[u8], points: usize) -> Result<Vec<T>, Damaged> {
    let unread = |error| Damaged(format!("a column cannot be read: {error}"));
    let (file, rest) = FileDecompressor::new(bytes).map_err(unread)?;
    bytes = rest;
    let mut column: Vec<T> = Vec::new();
    while let DecompressorItem::Chunk(mut part) = file.chunk_decompressor::<T, _>(bytes).map_err(unread)? {
        let (from, to) = (column.len(), column.len().saturating_add(part.n()));
        if to > points {
            return Err(Damaged(format!("a column has {to} of {points} numbers")));
        }
        column.resize(to, T::default());
        let read = part.read(&mut column[from..]).map_err(unread)?;
        if !read.finished {
            return Err(Damaged("a column goes on where it should end".to_owned()));
        }
        bytes = part.into_src();
    }
    if column.len() == points {
        Ok(column)
    } else {
        Err(Damaged(format!("a column has {} of {points} numbers", column.len())))
    }
}

fn ends_early() -> Damaged {
    Damaged("it ends early".to_owned())
}

fn unknown(kind: u8) -> Damaged {
    Damaged(format!("a column is of kind {kind}"))
}

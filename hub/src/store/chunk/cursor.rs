//! Reading and writing the parts of a chunk.

use super::{Damaged, kind};
use pco::standalone;

/// A chunk under way.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub(super) fn column(&mut self, kind: u8, bytes: &[u8]) {
        self.byte(kind);
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The rest of a chunk.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
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
            (kind::INTEGERS, bytes) => {
                let mut column = vec![0i64; points];
                whole(standalone::simple_decompress_into(bytes, &mut column), points)?;
                Ok(Some(column))
            }
            (kind, _) => Err(unknown(kind)),
        }
    }

    pub(super) fn floats(&mut self, points: usize) -> Result<Option<Vec<f64>>, Damaged> {
        match self.column()? {
            (kind::ABSENT, _) => Ok(None),
            (kind::FLOATS, bytes) => {
                let mut column = vec![0f64; points];
                whole(standalone::simple_decompress_into(bytes, &mut column), points)?;
                Ok(Some(column))
            }
            (kind, _) => Err(unknown(kind)),
        }
    }
}

fn whole(result: pco::errors::PcoResult<pco::Progress>, points: usize) -> Result<(), Damaged> {
    match result {
        Ok(progress) if progress.n_processed == points && progress.finished => Ok(()),
        Ok(progress) => Err(Damaged(format!("a column has {} of {points} numbers", progress.n_processed))),
        Err(error) => Err(Damaged(format!("a column cannot be read: {error}"))),
    }
}

fn ends_early() -> Damaged {
    Damaged("it ends early".to_owned())
}

fn unknown(kind: u8) -> Damaged {
    Damaged(format!("a column is of kind {kind}"))
}

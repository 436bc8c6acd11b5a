//! The compressed form of the history: the points of one metric in some span, column by column.
//!
//! ```text
//! format, number of points, then a column each: time, hub's times, count, mean, min, max, last
//! column: kind, length of what follows, what follows
//! ```
//!
//! Figures have few decimals, so they are integers of a decimal step, and the lowest, highest and last reading lie close
//! to the mean: their distance to it is what is stored. Figures of another kind are stored as they are.

use super::Point;
use pco::{ChunkConfig, DeltaSpec, ModeSpec, standalone};

pub(super) mod cursor;

use cursor::{Reader, Writer};

/// What a chunk begins with. Another layout gets another number.
const FORMAT: u8 = 1;
/// Most decimals that are tried before a column is stored as it is.
const MAX_DECIMALS: u8 = 6;
/// Largest multiple of a decimal step whose neighbours are told apart.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Most points that are believed of a chunk: more than a day of seconds ten times over.
const MAX_POINTS: u64 = 1 << 20;
/// Most points that a byte of a chunk can stand for. Columns that never change and times at equal distances cost nothing a
/// point, so there is no bound by nature. One that no history reaches: chunks of a day of seconds have about 900.
const MAX_PER_BYTE: u64 = 4096;

/// A chunk that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a chunk of the history is damaged: {0}")]
pub struct Damaged(pub(super) String);

/// How a column is written.
mod kind {
    /// There is none.
    pub(super) const ABSENT: u8 = 0;
    /// The same integer everywhere.
    pub(super) const CONSTANT: u8 = 1;
    /// Compressed integers.
    pub(super) const INTEGERS: u8 = 2;
    /// Compressed floating point numbers.
    pub(super) const FLOATS: u8 = 3;
}

/// Compresses points, which must be in the order of time. Their last reading is kept if all of them have one.
///
/// # Errors
/// When there are more than could be read again, or the compressor refuses, which it has no reason to.
pub fn pack(points: &[Point]) -> Result<Vec<u8>, Damaged> {
    if points.len() as u64 > MAX_POINTS {
        return Err(Damaged(format!("it would have {} points, more than {MAX_POINTS}", points.len())));
    }
    let mut out = Writer::default();
    out.byte(FORMAT);
    out.number(points.len() as u64);
    integers(&mut out, &collect(points, |p| p.time_ms), DeltaSpec::Auto)?;
    integers(&mut out, &collect(points, |p| i64::from(!p.by_device)), DeltaSpec::NoOp)?;
    integers(&mut out, &collect(points, |p| i64::try_from(p.count).unwrap_or(i64::MAX)), DeltaSpec::NoOp)?;
    let last: Option<Vec<f64>> = points.iter().map(|p| p.last).collect();
    let mut columns =
        vec![collect(points, |p| p.mean), collect(points, |p| p.min), collect(points, |p| p.max)];
    columns.extend(last);
    let steps = (0..=MAX_DECIMALS).find_map(|decimals| Some((decimals, in_steps(&columns, decimals)?)));
    match steps {
        Some((decimals, steps)) => {
            out.byte(decimals);
            integers(&mut out, &steps[0], DeltaSpec::Auto)?;
            for column in &steps[1..] {
                let apart: Vec<i64> =
                    column.iter().zip(&steps[0]).map(|(value, mean)| value - mean).collect();
                integers(&mut out, &apart, DeltaSpec::NoOp)?;
            }
        }
        None => {
            out.byte(u8::MAX);
            for column in &columns {
                let config = ChunkConfig::default();
                out.column(kind::FLOATS, &compressed(standalone::simple_compress(column, &config))?);
            }
        }
    }
    if columns.len() == 3 {
        out.column(kind::ABSENT, &[]);
    }
    let mut bytes = out.into_bytes();
    // What follows the columns is not read.
    let least = points.len().div_ceil(MAX_PER_BYTE as usize);
    bytes.resize(bytes.len().max(least), 0);
    Ok(bytes)
}

/// The points of a chunk, in the order of time.
///
/// # Errors
/// When it is not what [`pack`] wrote.
pub fn unpack(chunk: &[u8]) -> Result<Vec<Point>, Damaged> {
    let mut reader = Reader::new(chunk);
    let format = reader.byte()?;
    if format != FORMAT {
        return Err(Damaged(format!("it has format {format}, this hub reads {FORMAT}")));
    }
    let points = reader.number()?;
    if points > MAX_POINTS.min(MAX_PER_BYTE * chunk.len() as u64) {
        return Err(Damaged(format!("it claims {points} points")));
    }
    let points = usize::try_from(points).map_err(|_| Damaged("it is too large".to_owned()))?;
    let mut whole = || reader.integers(points);
    let (times, by_hub, counts) = (whole()?, whole()?, whole()?);
    let decimals = reader.byte()?;
    let (means, min, max, last) = if decimals == u8::MAX {
        let mut floats = || reader.floats(points);
        (wanted(floats()?)?, wanted(floats()?)?, wanted(floats()?)?, floats()?)
    } else if decimals <= MAX_DECIMALS {
        let means = reader.integers(points)?;
        let scale = 10f64.powi(i32::from(decimals));
        let figures = |apart: Vec<i64>| -> Vec<f64> {
            apart.iter().zip(&means).map(|(apart, mean)| mean.wrapping_add(*apart) as f64 / scale).collect()
        };
        let (min, max) = (figures(reader.integers(points)?), figures(reader.integers(points)?));
        let last = reader.integers_if_any(points)?.map(figures);
        (means.iter().map(|mean| *mean as f64 / scale).collect(), min, max, last)
    } else {
        return Err(Damaged(format!("it claims {decimals} decimals")));
    };
    if !times.is_sorted() {
        return Err(Damaged("its points are not in the order of time".to_owned()));
    }
    let figures = [&means, &min, &max].into_iter().chain(&last);
    if !figures.flatten().all(|figure| figure.is_finite()) {
        return Err(Damaged("a figure in it is no number".to_owned()));
    }
    Ok((0..points)
        .map(|i| Point {
            time_ms: times[i],
            mean: means[i],
            min: min[i],
            max: max[i],
            last: last.as_ref().map(|last| last[i]),
            count: counts[i].unsigned_abs(),
            by_device: by_hub[i] == 0,
        })
        .collect())
}

fn wanted(column: Option<Vec<f64>>) -> Result<Vec<f64>, Damaged> {
    column.ok_or_else(|| Damaged("it lacks a column".to_owned()))
}

fn collect<T>(points: &[Point], figure: impl Fn(&Point) -> T) -> Vec<T> {
    points.iter().map(figure).collect()
}

/// All columns as multiples of a decimal step, if each number is exactly that.
fn in_steps(columns: &[Vec<f64>], decimals: u8) -> Option<Vec<Vec<i64>>> {
    let scale = 10f64.powi(i32::from(decimals));
    let one = |value: &f64| {
        let steps = (value * scale).round();
        // Says no to what is not finite, too.
        (steps.abs() < MAX_EXACT && steps / scale == *value).then_some(steps as i64)
    };
    columns.iter().map(|column| column.iter().map(one).collect()).collect()
}

fn integers(out: &mut Writer, column: &[i64], delta: DeltaSpec) -> Result<(), Damaged> {
    match column.first() {
        Some(first) if column.iter().all(|value| value == first) => {
            out.column(kind::CONSTANT, &first.to_le_bytes());
        }
        _ => {
            let config = ChunkConfig::default().with_mode_spec(ModeSpec::Classic).with_delta_spec(delta);
            out.column(kind::INTEGERS, &compressed(standalone::simple_compress(column, &config))?);
        }
    }
    Ok(())
}

fn compressed(result: pco::errors::PcoResult<Vec<u8>>) -> Result<Vec<u8>, Damaged> {
    result.map_err(|error| Damaged(format!("it cannot be written: {error}")))
}

#[cfg(test)]
mod tests;

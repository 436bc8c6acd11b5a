//! The compact form of a summary until it is packed away, a row each.
//!
//! ```text
//! format, sequence, monotonic milliseconds, then for each metric of the shape:
//!   8 x count + decimals, mean, min - mean, max - mean, last - mean   in steps of that many decimals, or
//!   8 x count + 7, mean, min, max, last                               as they are, 8 bytes each
//! ```
//!
//! Sequence and time are the agent's, so that who reads a row beside the hub can tell whether it stands where it belongs.
//! Figures come out exactly as they went in.

use super::{
    chunk::{
        Damaged,
        cursor::{Reader, Writer},
    },
    minute::Figures,
};

/// What a row begins with. Another layout gets another number.
const FORMAT: u8 = 1;
/// In the place of the number of decimals: there is none that fits.
const AS_IT_IS: u8 = 7;
const DECIMALS_BITS: u32 = 3;
/// Steps in a whole, by decimals.
const SCALES: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Largest multiple of a decimal step whose neighbours are told apart.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A row of a summary.
pub fn encode(sequence: u64, monotonic_ms: u64, figures: &[Figures]) -> Vec<u8> {
    let mut out = Writer::with_capacity(16 + 12 * figures.len());
    out.byte(FORMAT);
    out.number(sequence);
    out.number(monotonic_ms);
    for figures in figures {
        let Figures { mean, min, max, last, count } = *figures;
        let values = [mean, min, max, last];
        let head = u64::from(count) << DECIMALS_BITS;
        let steps =
            (0u64..).zip(SCALES).find_map(|(decimals, scale)| Some((decimals, in_steps(values, scale)?)));
        match steps {
            Some((decimals, [mean, apart @ ..])) => {
                out.number(head | decimals);
                out.signed(mean);
                apart.iter().for_each(|value| out.signed(value - mean));
            }
            None => {
                out.number(head | u64::from(AS_IT_IS));
                values.iter().for_each(|value| out.float(*value));
            }
        }
    }
    out.into_bytes()
}

/// As multiples of a step, if each is exactly that.
fn in_steps(values: [f64; 4], scale: f64) -> Option<[i64; 4]> {
    let mut steps = [0; 4];
    for (value, steps) in values.iter().zip(&mut steps) {
        let scaled = value * scale;
        if scaled.is_nan() || scaled.abs() >= MAX_EXACT {
            return None;
        }
        // The sum of a half and the cast round to the nearest; the check below says whether that is it.
        *steps = (scaled + 0.5f64.copysign(scaled)) as i64;
        // By bits: there is a zero with a sign.
        if (*steps as f64 / scale).to_bits() != value.to_bits() {
            return None;
        }
    }
    Some(steps)
}

/// The figures of a row with this sequence, of as many metrics.
///
/// # Errors
/// When it is not what [`encode`] wrote.
pub fn decode(row: &[u8], sequence: u64, metrics: usize) -> Result<Box<[Figures]>, Damaged> {
    let mut reader = Reader::new(row);
    let format = reader.byte()?;
    if format != FORMAT {
        return Err(Damaged(format!("it has format {format}, this hub reads {FORMAT}")));
    }
    let found = reader.number()?;
    if found != sequence {
        return Err(Damaged(format!("it is of summary {found}")));
    }
    reader.number()?;
    let figures = (0..metrics).map(|_| one(&mut reader)).collect::<Result<_, _>>()?;
    if reader.is_empty() { Ok(figures) } else { Err(Damaged("it has more than its metrics".to_owned())) }
}

fn one(reader: &mut Reader<'_>) -> Result<Figures, Damaged> {
    let head = reader.number()?;
    let count =
        u32::try_from(head >> DECIMALS_BITS).map_err(|_| Damaged("it has too large a count".to_owned()))?;
    let decimals = (head & u64::from(AS_IT_IS)) as u8;
    let [mean, min, max, last] = if decimals == AS_IT_IS {
        [reader.float()?, reader.float()?, reader.float()?, reader.float()?]
    } else {
        let scale = SCALES[usize::from(decimals)];
        let mean = reader.signed()?;
        let figure = |apart: i64| mean.wrapping_add(apart) as f64 / scale;
        [figure(0), figure(reader.signed()?), figure(reader.signed()?), figure(reader.signed()?)]
    };
    Ok(Figures { mean, min, max, last, count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figures() -> impl Strategy<Value = Figures> {
        let decimal = (-4_000_000_000_000i64..4_000_000_000_000, 0..9i32);
        let decimal = decimal.prop_map(|(steps, decimals)| steps as f64 / 10f64.powi(decimals));
        let special =
            prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, MAX_EXACT, -0.5, 1e15, 4e-7]);
        let value = prop_oneof![4 => decimal, 1 => any::<f64>(), 1 => special];
        (prop::array::uniform4(value), any::<u32>()).prop_map(|([mean, min, max, last], count)| Figures {
            mean,
            min,
            max,
            last,
            count,
        })
    }

    fn bits(figures: &[Figures]) -> Vec<([u64; 4], u32)> {
        figures.iter().map(|f| ([f.mean, f.min, f.max, f.last].map(f64::to_bits), f.count)).collect()
    }

    proptest! {
        #[test]
        fn what_went_in_comes_out_to_the_bit(
            figures in prop::collection::vec(figures(), 0..30), sequence in any::<u64>(), monotonic in any::<u64>(),
        ) {
            let row = encode(sequence, monotonic, &figures);
            let out = decode(&row, sequence, figures.len()).unwrap();
            prop_assert_eq!(bits(&out), bits(&figures));
        }

        /// A disk may give back anything.
        #[test]
        fn a_damaged_row_is_an_error_or_figures_but_never_the_end(
            figures in prop::collection::vec(figures(), 1..30),
            place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let mut row = encode(7, 5, &figures);
            prop_assert!(decode(&row[..cut.index(row.len())], 7, figures.len()).is_err());
            prop_assert!(decode(&row, 8, figures.len()).is_err());
            prop_assert!(decode(&row, 7, figures.len() - 1).is_err());
            prop_assert!(decode(&row, 7, figures.len() + 1).is_err());
            let place = place.index(row.len());
            row[place] = byte;
            let _ = decode(&row, 7, figures.len());
        }
    }

    #[test]
    fn what_devices_measure_takes_about_ten_bytes_a_metric() {
        let one =
            |mean: f64| Figures { mean, min: mean - 1.25, max: mean + 2.5, last: mean + 0.75, count: 12 };
        let figures: Vec<_> = (0..20).map(|n| one(f64::from(n) * 4.375)).collect();
        let row = encode(100_000, 6_000_000_000, &figures);
        assert!(row.len() < 20 * 10, "{} bytes", row.len());
    }
}

//! Relative humidity at its ends.

/// How far beyond its ends a scale of relative humidity is believed, in percent: as far as the data sheets let a
/// healthy sensor be off there.
const TOLERANCE: f64 = 5.0;

/// `percent`, or the end of the scale that it lies a little beyond, as it does in fog. What lies further out
/// is left as it is, to be told as out of range.
pub(in crate::sensor) fn cropped(percent: f64) -> f64 {
    let cropped = percent.clamp(0.0, 100.0);
    if (percent - cropped).abs() <= TOLERANCE { cropped } else { percent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_an_end_becomes_it() {
        assert_eq!([-4.9, 0.0, 54.8, 100.0, 104.9].map(cropped), [0.0, 0.0, 54.8, 100.0, 100.0]);
        assert_eq!([-6.0, 119.0].map(cropped), [-6.0, 119.0]);
    }
}

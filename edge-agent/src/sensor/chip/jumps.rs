//! Tells a change from a glitch: what jumps is believed once the next reading says the same.

use super::{Quantity, Trouble};

/// Values older than this say nothing about what is plausible now.
const MEMORY_MS: u64 = 60_000;

/// The last believed values, and those that wait for another reading to confirm them.
#[derive(Debug, Default)]
pub(super) struct Jumps {
    believed: Vec<Option<f64>>,
    candidate: Vec<Option<f64>>,
    at_ms: u64,
}

impl Jumps {
    /// Takes note of `values` at a time by the monotonic clock.
    ///
    /// # Errors
    /// When one of them differs from the last by more than its quantity can change, and from the reading
    /// before as well.
    pub(super) fn check(
        &mut self,
        quantities: &[Quantity],
        values: &[Option<f64>],
        at_ms: u64,
    ) -> Result<(), Trouble> {
        let fresh = !self.believed.is_empty() && at_ms.saturating_sub(self.at_ms) <= MEMORY_MS;
        if fresh && !near(quantities, &self.believed, values) && !near(quantities, &self.candidate, values) {
            let trouble = tell(quantities, &self.believed, values);
            self.candidate.clear();
            self.candidate.extend_from_slice(values);
            return Err(trouble);
        }
        self.believed.clear();
        self.believed.extend_from_slice(values);
        self.candidate.clear();
        self.at_ms = at_ms;
        Ok(())
    }
}

/// The change of a quantity, if it is more than plausible.
fn excess(quantity: &Quantity, before: Option<f64>, now: Option<f64>) -> Option<(f64, f64)> {
    let (before, now, most) = (before?, now?, quantity.jump?);
    ((now - before).abs() > most).then_some((before, now))
}

/// Whether there is something to compare with, and no quantity differs from it by more than it may.
fn near(quantities: &[Quantity], before: &[Option<f64>], now: &[Option<f64>]) -> bool {
    let mut each = quantities.iter().zip(before).zip(now);
    !before.is_empty() && each.all(|((quantity, before), now)| excess(quantity, *before, *now).is_none())
}

fn tell(quantities: &[Quantity], before: &[Option<f64>], now: &[Option<f64>]) -> Trouble {
    let mut each = quantities.iter().zip(before).zip(now);
    let found = each.find_map(|((quantity, before), now)| {
        let (before, now) = excess(quantity, *before, *now)?;
        Some(Trouble::Jump { what: quantity.what.clone().into_owned(), before, now })
    });
    found.unwrap_or(Trouble::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Unit;

    fn air() -> Vec<Quantity> {
        vec![
            Quantity::gauge("temperature", Unit::Celsius, -40.0..=85.0, 2).with_jump(5.0),
            Quantity::gauge("illuminance", Unit::Lux, 0.0..=1e5, 0),
        ]
    }

    fn check(jumps: &mut Jumps, celsius: f64, lux: f64, at_ms: u64) -> bool {
        jumps.check(&air(), &[Some(celsius), Some(lux)], at_ms).is_ok()
    }

    #[test]
    fn a_glitch_is_refused_and_a_change_is_believed_at_its_second_reading() {
        let mut jumps = Jumps::default();
        assert!(check(&mut jumps, 20.0, 1.0, 0), "there is nothing yet to differ from");
        assert!(check(&mut jumps, 24.9, 9e4, 5_000), "light may change at will");
        assert!(!check(&mut jumps, 60.0, 1.0, 10_000));
        assert!(check(&mut jumps, 25.0, 1.0, 15_000), "it was a glitch");
        assert!(!check(&mut jumps, 60.0, 1.0, 20_000), "forgotten: this is another one");
        assert!(!check(&mut jumps, -10.0, 1.0, 25_000), "no two of these agree");
        assert!(check(&mut jumps, -10.5, 1.0, 30_000));
        assert!(check(&mut jumps, -11.0, 1.0, 35_000));
    }

    #[test]
    fn after_a_long_silence_anything_is_plausible() {
        let mut jumps = Jumps::default();
        assert!(check(&mut jumps, 20.0, 1.0, 0));
        assert!(check(&mut jumps, 60.0, 1.0, 60_001));
    }
}

use super::*;
use proptest::prelude::*;

const LASTING: u64 = 10;

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// A line that rests high and is active when low, as a contact to ground with a pull-up is.
fn contact(lasting_ms: u64) -> Debounce {
    Debounce::new(false, ms(lasting_ms), true, ms(0))
}

/// Edges at these times, the first one to low.
fn taken(mut debounce: Debounce, times: &[u64], until: u64) -> Debounce {
    for (number, time) in times.iter().enumerate() {
        debounce.take(Edge { high: number % 2 == 1, at: ms(*time), missed: 0 });
    }
    debounce.settle(ms(until));
    debounce
}

#[test]
fn a_pulse_that_bounces_on_closing_and_on_opening_is_one() {
    let times = [100, 101, 103, 104, 105, 160, 162, 163];
    assert_eq!(taken(contact(LASTING), &times[..5], 110).pulses(), 0, "not yet");
    assert_eq!(taken(contact(LASTING), &times[..5], 115).pulses(), 1);
    let after = taken(contact(LASTING), &times, 300);
    assert_eq!((after.pulses(), after.is_active()), (1, false));
}

#[test]
fn opening_after_a_long_closure_is_no_pulse_however_it_bounces() {
    let times = [100, 60_000, 60_002, 60_003, 60_005, 60_006];
    assert_eq!(taken(contact(LASTING), &times, 61_000).pulses(), 1);
}

#[test]
fn a_spark_is_no_pulse() {
    assert_eq!(taken(contact(LASTING), &[100, 101, 500, 509], 1_000).pulses(), 0);
}

#[test]
fn a_line_that_was_active_from_the_start_is_no_pulse() {
    let mut debounce = Debounce::new(false, ms(LASTING), false, ms(0));
    debounce.settle(ms(1_000));
    assert_eq!((debounce.pulses(), debounce.is_active()), (0, true));
}

#[test]
fn without_debounce_every_closing_counts() {
    assert_eq!(taken(contact(0), &[100, 100, 100, 101, 102], 102).pulses(), 3);
}

#[test]
fn a_line_that_was_not_listened_to_begins_anew_but_for_its_count() {
    let mut debounce = taken(contact(LASTING), &[100, 200], 300);
    debounce.resume(false, ms(5_000));
    debounce.settle(ms(6_000));
    assert_eq!((debounce.pulses(), debounce.is_active()), (1, true));
}

#[test]
fn lost_edges_are_counted_until_somebody_asks() {
    let mut debounce = contact(LASTING);
    debounce.take(Edge { high: false, at: ms(10), missed: 3 });
    debounce.take(Edge { high: true, at: ms(20), missed: 2 });
    assert_eq!((debounce.take_missed(), debounce.take_missed()), (5, 0));
}

proptest! {
    /// The definition, written down naively: look at the line every millisecond; what has not changed for
    /// the time that it must last is believed; count how often that became low.
    #[test]
    fn agrees_with_looking_every_millisecond(
        lasting in 0_u64..20,
        gaps in proptest::collection::vec(1_u64..40, 0..60),
    ) {
        let times: Vec<u64> = gaps.iter().scan(0, |time, gap| { *time += gap; Some(*time) }).collect();
        let end = times.last().copied().unwrap_or(0) + 50;
        let debounce = taken(contact(lasting), &times, end);

        let level = |now: u64| times.iter().filter(|time| **time <= now).count() % 2 == 0;
        let (mut believed, mut since, mut pulses) = (true, 0_u64, 0_u64);
        for now in 0..=end {
            if now > 0 && level(now) != level(now - 1) {
                // What ends here lasted until here.
                if level(now - 1) != believed && now - since >= lasting {
                    believed = level(now - 1);
                    pulses += u64::from(!believed);
                }
                since = now;
            }
            if level(now) != believed && now - since >= lasting {
                believed = level(now);
                pulses += u64::from(!believed);
            }
        }
        prop_assert_eq!(debounce.pulses(), pulses);
        prop_assert_eq!(debounce.is_active(), !believed);
    }

    /// However contacts bounce, for less than the time that a level must last, pulses are counted exactly.
    #[test]
    fn bouncing_pulses_are_counted_exactly(
        pulses in proptest::collection::vec(
            (proptest::collection::vec(1_u64..LASTING, 0..4), 0_u64..500,
             proptest::collection::vec(1_u64..LASTING, 0..4), 0_u64..500),
            0..30,
        ),
        reads in proptest::collection::vec(any::<proptest::sample::Index>(), 0..10),
    ) {
        let (mut now, mut times) = (LASTING, Vec::new());
        for (closing, closed, opening, open) in &pulses {
            for (bounces, rest) in [(closing, closed), (opening, open)] {
                times.push(now);
                for gap in bounces {
                    // There and back again.
                    times.extend([now + gap, now + gap + 1]);
                    now += gap + 1;
                }
                now += LASTING + rest;
            }
        }
        // Somebody reads in between, which must change nothing.
        let mut debounce = contact(LASTING);
        let looks: Vec<usize> = reads.iter().filter(|_| !times.is_empty()).map(|r| r.index(times.len())).collect();
        for (number, time) in times.iter().enumerate() {
            debounce.take(Edge { high: number % 2 == 1, at: ms(*time), missed: 0 });
            if looks.contains(&number) {
                debounce.settle(ms(*time));
            }
        }
        debounce.settle(ms(now));
        prop_assert_eq!(debounce.pulses(), pulses.len() as u64);
    }
}

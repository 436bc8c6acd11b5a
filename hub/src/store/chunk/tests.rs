use super::*;
use proptest::prelude::*;

fn point(time_ms: i64, mean: f64, spread: f64, count: u64) -> Point {
    let (min, max) = (mean - spread, mean + spread);
    Point { time_ms, mean, min, max, last: Some(max), count, by_device: true }
}

fn decimal(steps: i64) -> f64 {
    steps as f64 / 1000.0
}

proptest! {
    #[test]
    fn what_was_packed_comes_out(
        rows in proptest::collection::vec((any::<i64>(), -1e12..1e12f64, 0.0..9.0f64, any::<u32>(), any::<bool>()), 1..300),
        lasts in any::<bool>(),
    ) {
        let mut points: Vec<Point> = rows.into_iter().map(|(time, mean, spread, count, by_device)| Point {
            by_device, last: lasts.then_some(mean), ..point(time, mean, spread, u64::from(count))
        }).collect();
        points.sort_by_key(|point| point.time_ms);
        prop_assert_eq!(unpack(&pack(&points).unwrap()).unwrap(), points);
    }

    #[test]
    fn decimals_come_out_exactly(
        rows in proptest::collection::vec((-10_000_000..10_000_000i64, 0..5_000i64), 1..2000),
    ) {
        let points: Vec<Point> = rows.iter().zip(0..).map(|((mean, spread), n)| Point {
            time_ms: n * 60_000, mean: decimal(*mean), min: decimal(mean - spread), max: decimal(mean + spread),
            last: Some(decimal(*mean)), count: 12, by_device: true,
        }).collect();
        let packed = pack(&points).unwrap();
        prop_assert_eq!(unpack(&packed).unwrap(), points);
        prop_assert!(packed.len() < 200 + rows.len() * 10, "{} bytes for {}", packed.len(), rows.len());
    }

    /// A disk may give back anything.
    #[test]
    fn a_damaged_chunk_is_an_error_or_points_but_never_the_end(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let points: Vec<Point> = (0..100).map(|n| point(n * 60_000, decimal(n * n), 0.5, 12)).collect();
        let mut packed = pack(&points).unwrap();
        let cut = cut.index(packed.len());
        prop_assert!(unpack(&packed[..cut]).is_err(), "cut at {}", cut);
        let place = place.index(packed.len());
        packed[place] = byte;
        if let Ok(points) = unpack(&packed) {
            prop_assert!(points.len() as u64 <= MAX_POINTS);
        }
    }
}

#[test]
fn a_chunk_of_another_format_is_told() {
    assert_eq!(unpack(&[9]).unwrap_err().0, "it has format 9, this hub reads 1");
    assert_eq!(unpack(&[]).unwrap_err().0, "it ends early");
    let mut claims = vec![FORMAT];
    claims.extend([0xff; 8]);
    claims.push(1);
    assert!(unpack(&claims).unwrap_err().0.contains("it claims"));
}

/// A few bytes must not have us make room for a million points.
#[test]
fn more_points_than_its_bytes_can_stand_for_are_damage() {
    let constant = |points: u64| {
        let mut out = Writer::default();
        out.byte(FORMAT);
        out.number(points);
        (0..3).for_each(|_| out.column(kind::CONSTANT, &7i64.to_le_bytes()));
        out.byte(0);
        (0..4).for_each(|_| out.column(kind::CONSTANT, &7i64.to_le_bytes()));
        out.into_bytes()
    };
    let most = MAX_PER_BYTE * constant(1 << 18).len() as u64;
    assert_eq!(unpack(&constant(most)).unwrap().len() as u64, most);
    assert_eq!(unpack(&constant(most + 1)).unwrap_err().0, format!("it claims {} points", most + 1));
    assert!(most < MAX_POINTS / 3, "{most}");
}

/// What a column says to hold is compared before room is made for it.
#[test]
fn a_column_of_another_length_is_damage() {
    let points: Vec<Point> = (0..500).map(|n| point(n * n, decimal(n * n), 0.5, 12)).collect();
    let packed = pack(&points).unwrap();
    // Its number of points stands in two bytes behind the format.
    for (other, told) in
        [(499u64, "a column has 500 of 499 numbers"), (501, "a column has 500 of 501 numbers")]
    {
        let mut out = Writer::default();
        out.byte(FORMAT);
        out.number(other);
        let changed = [out.into_bytes().as_slice(), &packed[3..]].concat();
        assert_eq!(unpack(&changed).unwrap_err().0, told);
    }
}

/// The longest history of the fewest bytes: nothing changes, second after second.
#[test]
fn what_compresses_best_stays_far_from_the_bound() {
    let second = |n: i64| Point { time_ms: n * 1000, ..point(0, 0.0, 0.0, 1) };
    let day: Vec<Point> = (0..86_400).map(second).collect();
    let packed = pack(&day).unwrap();
    assert!(packed.len() * 1000 > day.len(), "{} bytes", packed.len());
    assert_eq!(unpack(&packed).unwrap(), day);
    // Beyond it a chunk is made longer than it needs to be, and can be read.
    let most: Vec<Point> = (0..MAX_POINTS as i64).map(second).collect();
    assert_eq!(unpack(&pack(&most).unwrap()).unwrap(), most);
    assert!(pack(&[most.as_slice(), &[second(i64::from(u32::MAX))]].concat()).is_err());
}

#[test]
fn points_that_none_of_ours_are_are_damage() {
    let points = [point(60_000, 1.0, 0.5, 12), point(120_000, 2.0, 0.5, 12)];
    let refused = |points: &[Point]| unpack(&pack(points).unwrap()).unwrap_err().0;
    assert_eq!(refused(&[points[1], points[0]]), "its points are not in the order of time");
    for odd in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            refused(&[points[0], Point { last: Some(odd), ..points[1] }]),
            "a figure in it is no number"
        );
    }
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(unpack(&pack(&[]).unwrap()).unwrap(), []);
}

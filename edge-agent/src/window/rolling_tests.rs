use super::*;
use proptest::prelude::*;

fn filled(interval_ms: u64, readings: &[f64]) -> RollingWindow {
    let mut window = RollingWindow::new(60_000, 1);
    for (tick, reading) in readings.iter().enumerate() {
        window.push((tick as u64 + 1) * interval_ms, interval_ms, &[Some(*reading)]);
    }
    window
}

#[test]
fn the_thirteenth_sample_pushes_out_the_first() {
    let readings: Vec<f64> = (1..=13).map(f64::from).collect();
    assert_eq!(filled(5_000, &readings[..12]).figures(0).unwrap().mean, 6.5);
    let figures = filled(5_000, &readings).figures(0).unwrap();
    assert_eq!(figures, Figures { mean: 7.5, min: 2.0, max: 13.0, last: 13.0, count: 12 });
}

#[test]
fn fewer_than_twelve_average_over_what_is_there() {
    assert_eq!(filled(5_000, &[10.0, 20.0, 60.0]).figures(0).unwrap().mean, 30.0);
    assert_eq!(filled(5_000, &[]).figures(0), None);
}

#[test]
fn a_missing_reading_is_missing_and_not_zero() {
    let mut window = RollingWindow::new(60_000, 2);
    window.push(5_000, 5_000, &[Some(10.0), None]);
    window.push(10_000, 5_000, &[None, None]);
    window.push(15_000, 5_000, &[Some(20.0), None]);
    assert_eq!(window.figures(0).map(|f| (f.mean, f.count)), Some((15.0, 2)));
    assert_eq!(window.figures(1), None);
}

#[test]
fn a_long_gap_leaves_only_the_newest() {
    let mut window = filled(5_000, &[1.0, 2.0, 3.0]);
    window.push(3_600_000, 5_000, &[Some(9.0)]);
    assert_eq!(window.figures(0).map(|f| (f.mean, f.count)), Some((9.0, 1)));
}

#[test]
fn statistics_can_start_after_a_time() {
    let window = filled(5_000, &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(window.figures_since(0, 10_000).map(|f| (f.min, f.count)), Some((3.0, 2)));
    assert_eq!(window.figures_since(0, 20_000), None);
}

#[test]
fn a_sample_in_between_weighs_no_more_than_its_time() {
    let mut window = RollingWindow::new(60_000, 1);
    for tick in 1..=12 {
        window.push(tick * 5_000, 5_000, &[Some(10.0)]);
    }
    // One second into the interval somebody wants to know; the regular sample then stands for the rest.
    window.push(61_000, 1_000, &[Some(70.0)]);
    assert_eq!(window.figures(0).map(|f| f.count), Some(13));
    window.push(65_000, 4_000, &[Some(10.0)]);
    let figures = window.figures(0).unwrap();
    assert_eq!((figures.count, figures.last), (13, 10.0));
    assert!((figures.mean - (10.0 * 59.0 + 70.0) / 60.0).abs() < 1e-9, "{}", figures.mean);
}

#[test]
fn a_change_of_the_interval_leaves_the_mean_over_time() {
    let mut window = RollingWindow::new(60_000, 1);
    for tick in 1..=6 {
        window.push(tick * 5_000, 5_000, &[Some(0.0)]);
    }
    for tick in 1..=30 {
        window.push(30_000 + tick * 1_000, 1_000, &[Some(10.0)]);
    }
    assert_eq!(window.figures(0).map(|f| (f.mean, f.count)), Some((5.0, 36)));
    for tick in 1..=6 {
        window.push(60_000 + tick * 5_000, 5_000, &[Some(0.0)]);
    }
    assert_eq!(window.figures(0).map(|f| (f.mean, f.count)), Some((5.0, 36)), "30 s of each");
}

#[test]
fn memory_is_flat() {
    let mut window = RollingWindow::new(60_000, 3);
    for tick in 0..100_000_u64 {
        window.push(tick * 5_000, 5_000, &[Some(1.0), None, Some(2.0)]);
    }
    assert_eq!(window.len(), 12);
    assert!(window.samples.capacity() <= 32, "capacity {}", window.samples.capacity());
}

proptest! {
    /// The definition, written down naively: of all samples so far those whose middle lies in the window.
    #[test]
    fn agrees_with_brute_force(
        interval_ms in 200_u64..40_000,
        length_ms in 10_000_u64..120_000,
        steps in proptest::collection::vec((0_u64..4, -900_i64..900, proptest::option::of(-1e6..1e6)), 1..120),
    ) {
        let mut window = RollingWindow::new(length_ms, 1);
        let mut all: Vec<(u64, Option<f64>)> = Vec::new();
        let mut now = 1_000_000_u64;
        for (gaps, jitter_permille, reading) in steps {
            let jitter = interval_ms as i64 * jitter_permille / 2_000;
            now += (interval_ms * gaps + interval_ms / 2).saturating_add_signed(jitter);
            window.push(now, interval_ms, &[reading]);
            all.push((now, reading));

            let inside = |time: u64| now - time + interval_ms / 2 < length_ms || time == now;
            let held: Vec<f64> = all.iter().filter(|(time, _)| inside(*time)).filter_map(|(_, r)| *r).collect();
            match window.figures(0) {
                None => prop_assert!(held.is_empty()),
                Some(figures) => {
                    prop_assert_eq!(figures.count as usize, held.len());
                    let mean = held.iter().sum::<f64>() / held.len() as f64;
                    prop_assert!((figures.mean - mean).abs() <= 1e-9 * (1.0 + mean.abs()));
                    prop_assert_eq!(figures.min, held.iter().copied().fold(f64::INFINITY, f64::min));
                    prop_assert_eq!(figures.max, held.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                    prop_assert_eq!(Some(&figures.last), held.last());
                }
            }
        }
    }

    /// Whatever the interval, a steady window holds the whole number of intervals nearest to its length.
    #[test]
    fn a_steady_window_holds_its_length(interval_ms in 200_u64..60_000) {
        let mut window = RollingWindow::new(60_000, 0);
        for tick in 0..400 {
            window.push(tick * interval_ms, interval_ms, &[]);
        }
        let held = window.len() as f64 * interval_ms as f64;
        prop_assert!((held - 60_000.0).abs() <= interval_ms as f64 / 2.0 + 1.0, "{held}");
    }

    /// A clock that runs backwards, which cannot be, is no panic either.
    #[test]
    fn any_times_are_survived(times in proptest::collection::vec(any::<u64>(), 1..50)) {
        let mut window = RollingWindow::new(60_000, 1);
        for time in times {
            window.push(time, 5_000, &[Some(1.0)]);
            prop_assert_eq!(window.figures(0).unwrap().last, 1.0);
        }
    }
}

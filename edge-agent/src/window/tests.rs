use super::*;
use crate::{
    clock::Moment,
    sensor::{Lane, Sensor},
};
use protocol::{ClockTrust, Fault, Kind, MetricDescription, MetricName, SensorId, Unit};

/// A sensor that is never read: the catalogue is all that counts here.
struct Listed(SensorId, Vec<MetricDescription>);

impl Sensor for Listed {
    fn id(&self) -> &SensorId {
        &self.0
    }
    fn metrics(&self) -> &[MetricDescription] {
        &self.1
    }
    fn read(&mut self, _: Moment, _: &mut [Option<f64>]) -> Result<(), Fault> {
        Err(Fault::Absent)
    }
}

fn listed(id: &str, metrics: &[(&str, Unit)]) -> Box<dyn Sensor> {
    let id: SensorId = id.parse().unwrap();
    let describe = |(what, unit): &(&str, Unit)| MetricDescription {
        name: MetricName::new(what, *unit).unwrap(),
        unit: *unit,
        sensor: id.clone(),
        label: (*what).to_owned(),
        kind: Kind::Gauge,
    };
    let metrics = metrics.iter().map(describe).collect();
    Box::new(Listed(id, metrics))
}

fn reporter() -> Reporter {
    let sensors =
        vec![listed("cpu", &[("cpu0", Unit::Percent)]), listed("roof", &[("temperature", Unit::Celsius)])];
    let catalogue = Catalogue::of(&[Lane { name: "all".into(), sensors }]);
    Reporter::new(catalogue, "one".parse().unwrap(), 60_000, Arc::default())
}

fn sample(tick: u64, cpu: Option<f64>, roof: Result<f64, Fault>) -> Sample {
    let time_ms = 1_700_000_000_000 + tick as i64 * 5_000;
    Sample {
        at: Moment { monotonic_ms: 40_000 + tick * 5_000, time_ms, clock: ClockTrust::Synchronized },
        span_ms: 5_000,
        values: vec![cpu, roof.ok()].into(),
        faults: roof.err().map(|fault| ("roof".parse().unwrap(), fault)).into_iter().collect(),
        top: None,
    }
}

fn state(report: &Report) -> State {
    let Report::State(json) = report else { panic!("{report:?} is no state") };
    serde_json::from_slice(json).unwrap()
}

fn summary(report: &Report) -> Summary {
    let Report::Summary { json, sequence } = report else { panic!("{report:?} is no summary") };
    let summary: Summary = serde_json::from_slice(json).unwrap();
    assert_eq!(summary.sequence, *sequence);
    summary.check().unwrap();
    summary
}

#[test]
fn what_is_written_is_what_readers_of_the_contract_read() {
    let mut reporter = reporter();
    reporter.take(&sample(0, Some(10.0), Ok(21.0))).for_each(drop);
    let reports: Vec<Report> = reporter.take(&sample(1, Some(20.00049), Ok(22.0))).collect();
    let state = state(&reports[0]);
    assert_eq!(state.stamp.monotonic_ms, 45_000);
    assert_eq!((state.now["cpu0_percent"], state.mean["cpu0_percent"]), (20.0, 15.0));
    assert_eq!(state.mean["temperature_celsius"], 21.5);
    assert!(state.faults.is_empty());
}

#[test]
fn a_sensor_in_fault_has_neither_now_nor_mean() {
    let mut reporter = reporter();
    reporter.take(&sample(0, Some(10.0), Ok(21.0))).for_each(drop);
    let state = state(&reporter.take(&sample(1, None, Err(Fault::NoAnswer))).next().unwrap());
    assert_eq!(state.faults.iter().next().map(|(id, f)| (id.as_str(), *f)), Some(("roof", Fault::NoAnswer)));
    assert!(
        !state.now.contains_key("temperature_celsius") && !state.mean.contains_key("temperature_celsius")
    );
    assert!(!state.now.contains_key("cpu0_percent"), "missing is missing");
    assert_eq!(state.mean["cpu0_percent"], 10.0, "the window still holds a reading");
}

#[test]
fn summaries_tile_the_time_and_count_from_one() {
    let mut reporter = reporter();
    let mut summaries = Vec::new();
    for tick in 0..36 {
        let reports: Vec<Report> = reporter.take(&sample(tick, Some(tick as f64), Ok(20.0))).collect();
        summaries.extend(reports.get(1).map(summary));
    }
    let seen: Vec<_> = summaries
        .iter()
        .map(|s| (s.sequence, s.count["cpu0_percent"], s.min["cpu0_percent"], s.max["cpu0_percent"]))
        .collect();
    assert_eq!(seen, [(1, 12, 0.0, 11.0), (2, 12, 12.0, 23.0), (3, 12, 24.0, 35.0)]);
    assert!(summaries.iter().all(|s| s.window_ms == 60_000));
}

#[test]
fn a_metric_without_a_reading_is_left_out_of_its_summary() {
    let mut reporter = reporter();
    let mut summaries = Vec::new();
    for tick in 0..12 {
        let roof = if tick < 6 { Ok(20.0) } else { Err(Fault::Absent) };
        let reports: Vec<Report> = reporter.take(&sample(tick, None, roof)).collect();
        summaries.extend(reports.get(1).map(summary));
    }
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0].count.len(), 1);
    assert_eq!(summaries[0].count["temperature_celsius"], 6);
}

#[tokio::test]
async fn the_unfinished_window_is_reported_at_the_end() {
    let (samples, inbox) = mpsc::channel(4);
    let (outbox, mut reports) = mpsc::channel(8);
    let mut reporter = reporter();
    let running = tokio::spawn(async move {
        reporter.run(inbox, outbox).await;
        reporter.finish()
    });
    for tick in 0..3 {
        samples.send(sample(tick, Some(1.0), Ok(20.0))).await.unwrap();
    }
    drop(samples);
    while reports.recv().await.is_some() {}
    let last = running.await.unwrap();
    let summary = summary(&last.unwrap());
    assert_eq!((summary.sequence, summary.count["cpu0_percent"], summary.window_ms), (1, 3, 15_000));
}

fn catalogue(sensors: Vec<Box<dyn Sensor>>) -> Catalogue {
    Catalogue::of(&[Lane { name: "all".into(), sensors }])
}

#[test]
fn a_new_metric_leaves_the_windows_of_the_others_alone() {
    let mut reporter = reporter();
    (0..6).for_each(|tick| reporter.take(&sample(tick, Some(10.0), Ok(21.0))).for_each(drop));
    let more = catalogue(vec![
        listed("attic", &[("attic", Unit::Celsius)]),
        listed("cpu", &[("cpu0", Unit::Percent)]),
        listed("roof", &[("temperature", Unit::Celsius)]),
    ]);
    assert_eq!(reporter.change(more, |_| true, 60_000), None, "nothing is lost by it");
    let mut summaries = Vec::new();
    for tick in 6..12 {
        let values = vec![Some(5.0), Some(20.0), Some(23.0)].into();
        let sample = Sample { values, ..sample(tick, None, Ok(0.0)) };
        let reports: Vec<Report> = reporter.take(&sample).collect();
        if tick == 6 {
            let mean = state(&reports[0]).mean;
            assert_eq!((mean["cpu0_percent"] * 7.0).round(), 80.0, "six of before and one of now");
            assert_eq!(mean["attic_celsius"], 5.0);
        }
        summaries.extend(reports.get(1).map(summary));
    }
    assert_eq!((summaries.len(), summaries[0].sequence, summaries[0].window_ms), (1, 1, 60_000));
    assert_eq!((summaries[0].count["cpu0_percent"], summaries[0].count["attic_celsius"]), (12, 6));
}

#[test]
fn what_would_be_lost_is_reported_before() {
    let only_cpu = || catalogue(vec![listed("cpu", &[("cpu0", Unit::Percent)])]);
    let both = || {
        catalogue(vec![
            listed("cpu", &[("cpu0", Unit::Percent)]),
            listed("roof", &[("temperature", Unit::Celsius)]),
        ])
    };
    for (changed, keeps_roof, window_ms) in
        [(only_cpu(), true, 60_000), (both(), false, 60_000), (both(), true, 10_000)]
    {
        let mut reporter = reporter();
        (0..6).for_each(|tick| reporter.take(&sample(tick, Some(10.0), Ok(21.0))).for_each(drop));
        let keeps = |id: &SensorId| keeps_roof || id.as_str() != "roof";
        let closed = summary(&reporter.change(changed, keeps, window_ms).expect("a summary"));
        assert_eq!((closed.sequence, closed.window_ms, closed.count["temperature_celsius"]), (1, 30_000, 6));
        assert_eq!(
            summary(&reporter.finish().map_or_else(
                || {
                    let next = Sample {
                        values: vec![Some(1.0); reporter.catalogue.len()].into(),
                        ..sample(6, None, Ok(0.0))
                    };
                    reporter.take(&next).for_each(drop);
                    reporter.finish().expect("one sample")
                },
                |_| panic!("nothing came since"),
            ))
            .sequence,
            2,
            "the sequence goes on"
        );
    }
}

#[test]
fn a_changed_sensor_begins_with_an_empty_window() {
    let mut reporter = reporter();
    (0..6).for_each(|tick| reporter.take(&sample(tick, Some(10.0), Ok(21.0))).for_each(drop));
    let same = catalogue(vec![
        listed("cpu", &[("cpu0", Unit::Percent)]),
        listed("roof", &[("temperature", Unit::Celsius)]),
    ]);
    reporter.change(same, |id| id.as_str() != "roof", 60_000);
    let mean = state(&reporter.take(&sample(6, Some(10.0), Ok(3.0))).next().unwrap()).mean;
    assert_eq!((mean["temperature_celsius"], mean["cpu0_percent"]), (3.0, 10.0));
}

#[test]
fn a_summary_made_without_a_clock_names_the_start_of_its_machine() {
    let mut reporter = reporter().started_as("machine-7".to_owned());
    let mut named = Vec::new();
    for (tick, clock) in [(0, ClockTrust::Unsynchronized), (1, ClockTrust::Synchronized)] {
        let sample = sample(tick, Some(1.0), Ok(20.0));
        let sample = Sample { at: Moment { clock, ..sample.at }, ..sample };
        reporter.take(&sample).for_each(drop);
        named.push(summary(&reporter.finish().expect("one sample")).machine_boot);
    }
    assert_eq!(named, [Some("machine-7".to_owned()), None]);
}

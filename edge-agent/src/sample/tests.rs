use super::{Refused::TooSoon, *};
use crate::sensor::Sensor;
use protocol::{Kind, MetricDescription, MetricName, Unit};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const WELL: u8 = 0;
const FAULTY: u8 = 1;
const HUNG: u8 = 2;
const NOT_A_NUMBER: u8 = 3;

/// A sensor whose behaviour the test sets while it runs.
struct Scripted {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    behaviour: Arc<AtomicU8>,
}

impl Sensor for Scripted {
    fn id(&self) -> &SensorId {
        &self.id
    }
    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }
    fn read(&mut self, _: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        values[0] = Some(21.5);
        while self.behaviour.load(Ordering::SeqCst) == HUNG {
            std::thread::sleep(Duration::from_millis(1));
        }
        match self.behaviour.load(Ordering::SeqCst) {
            FAULTY => return Err(Fault::Skipped),
            NOT_A_NUMBER => values[0] = Some(f64::NAN),
            _ => {}
        }
        Ok(())
    }
}

fn lane(name: &str) -> (Lane, Arc<AtomicU8>) {
    let behaviour = Arc::new(AtomicU8::new(WELL));
    let id: SensorId = name.parse().unwrap();
    let metric = MetricName::new(name, Unit::Celsius).unwrap();
    let metrics = vec![MetricDescription {
        name: metric,
        unit: Unit::Celsius,
        sensor: id.clone(),
        label: name.to_owned(),
        kind: Kind::Gauge,
    }];
    let sensor = Scripted { id, metrics, behaviour: behaviour.clone() };
    (Lane { name: name.to_owned(), sensors: vec![Box::new(sensor)] }, behaviour)
}

fn faults(sample: &Sample) -> Vec<(&str, Fault)> {
    sample.faults.iter().map(|(id, fault)| (id.as_str(), *fault)).collect()
}

/// How long a loaded machine may keep a sensor that is well from answering.
const SURELY: Duration = Duration::from_secs(30);
/// What a test waits for a sensor that hangs, where another one has to answer meanwhile.
const LONG: Duration = Duration::from_secs(2);

/// A sampler whose patience is not cut by its interval.
fn patient(lanes: Vec<Lane>, patience: Duration) -> Sampler {
    let mut sampler = Sampler::start(lanes, 2 * SURELY).unwrap();
    sampler.patience = patience;
    sampler
}

/// Waits until a lane has answered after its tick had ended.
async fn late_reply(sampler: &Sampler) {
    let waiting = async {
        while sampler.replies.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(SURELY, waiting).await.expect("it answers at last");
}

#[tokio::test]
async fn a_hung_sensor_delays_no_other_and_comes_back() {
    let ((roof, roof_behaviour), (cellar, _)) = (lane("roof"), lane("cellar"));
    let mut sampler = patient(vec![roof, cellar], LONG);

    let sample = sampler.tick().await;
    assert_eq!((&*sample.values, faults(&sample)), (&[Some(21.5), Some(21.5)][..], vec![]));

    roof_behaviour.store(HUNG, Ordering::SeqCst);
    for _ in 0..2 {
        let sample = sampler.tick().await;
        assert_eq!(&*sample.values, &[None, Some(21.5)], "never the last value again");
        assert_eq!(faults(&sample), [("roof", Fault::NoAnswer)]);
    }

    roof_behaviour.store(WELL, Ordering::SeqCst);
    late_reply(&sampler).await;
    let sample = sampler.tick().await;
    assert_eq!((&*sample.values, faults(&sample)), (&[Some(21.5), Some(21.5)][..], vec![]));
}

#[tokio::test]
async fn a_reply_that_comes_in_the_middle_of_the_next_tick_is_a_fault_and_no_silence() {
    let ((roof, roof_behaviour), (cellar, cellar_behaviour)) = (lane("roof"), lane("cellar"));
    let mut sampler = Sampler::start(vec![roof, cellar], Duration::from_secs(2)).unwrap();
    roof_behaviour.store(HUNG, Ordering::SeqCst);
    assert_eq!(faults(&sampler.tick().await), [("roof", Fault::NoAnswer)]);
    cellar_behaviour.store(HUNG, Ordering::SeqCst);
    tokio::spawn(async move {
        for behaviour in [roof_behaviour, cellar_behaviour] {
            tokio::time::sleep(Duration::from_millis(50)).await;
            behaviour.store(WELL, Ordering::SeqCst);
        }
    });
    let sample = sampler.tick().await;
    assert_eq!(
        (&*sample.values, faults(&sample)),
        (&[None, Some(21.5)][..], vec![("roof", Fault::NoAnswer)])
    );
    assert_eq!(&*sampler.tick().await.values, &[Some(21.5), Some(21.5)]);
}

#[tokio::test]
async fn a_machine_that_was_late_altogether_recovers() {
    let (roof, behaviour) = lane("roof");
    let mut sampler = patient(vec![roof], Duration::from_millis(50));
    behaviour.store(HUNG, Ordering::SeqCst);
    assert_eq!(faults(&sampler.tick().await), [("roof", Fault::NoAnswer)]);
    behaviour.store(WELL, Ordering::SeqCst);
    // The reply waits in the channel, and no other lane's reply makes anybody look there.
    late_reply(&sampler).await;
    sampler.patience = SURELY;
    assert_eq!(&*sampler.tick().await.values, &[Some(21.5)]);
}

#[tokio::test]
async fn a_fault_leaves_no_value_even_if_one_was_written() {
    let (roof, behaviour) = lane("roof");
    let mut sampler = Sampler::start(vec![roof], Duration::from_secs(1)).unwrap();
    for (state, fault) in [(FAULTY, Fault::Skipped), (NOT_A_NUMBER, Fault::OutOfRange)] {
        behaviour.store(state, Ordering::SeqCst);
        let sample = sampler.tick().await;
        assert_eq!((&*sample.values, faults(&sample)), (&[None][..], vec![("roof", fault)]));
    }
}

#[tokio::test]
async fn it_stops_when_told_and_closes_its_channel() {
    let (sender, mut samples) = mpsc::channel(4);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut sampler = Sampler::start(vec![lane("roof").0], Duration::from_millis(20)).unwrap();
    let running = tokio::spawn(async move { sampler.run(sender, async { drop(stopped.await) }).await });
    assert!(samples.recv().await.is_some());
    stop.send(()).unwrap();
    running.await.unwrap();
    while samples.recv().await.is_some() {}
}

/// A sampler at work, and a way to ask it.
fn running(interval: Duration) -> (mpsc::Sender<Request>, mpsc::Receiver<Sample>) {
    let (sender, samples) = mpsc::channel(64);
    let (requests, requested) = mpsc::channel(1);
    let mut sampler = Sampler::start(vec![lane("roof").0], interval).unwrap().asked_by(requested);
    tokio::spawn(async move { sampler.run(sender, std::future::pending()).await });
    (requests, samples)
}

async fn ask(
    requests: &mpsc::Sender<Request>,
    request: impl FnOnce(oneshot::Sender<Result<(), Refused>>) -> Request,
) -> Result<(), Refused> {
    let (done, answer) = oneshot::channel();
    requests.send(request(done)).await.unwrap();
    answer.await.unwrap()
}

#[tokio::test]
async fn a_sample_in_between_and_the_next_one_share_the_interval() {
    let (requests, mut samples) = running(Duration::from_secs(2));
    let first = samples.recv().await.unwrap();
    assert_eq!(first.span_ms, 2_000);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(ask(&requests, Request::Sample).await, Ok(()));
    let between = samples.recv().await.unwrap();
    assert_eq!(between.span_ms, between.at.monotonic_ms - first.at.monotonic_ms);
    let TooSoon(_) = ask(&requests, Request::Sample).await.unwrap_err();
    let next = samples.recv().await.unwrap();
    assert_eq!(next.span_ms, next.at.monotonic_ms - between.at.monotonic_ms);
    let regular = samples.recv().await.unwrap();
    assert_eq!(regular.span_ms, 2_000);
}

#[tokio::test]
async fn another_interval_counts_from_the_last_sample() {
    let (requests, mut samples) = running(Duration::from_secs(60));
    let first = samples.recv().await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    let shorter = |done| Request::Interval(Duration::from_millis(300), done);
    assert_eq!(ask(&requests, shorter).await, Ok(()));
    let second = samples.recv().await.unwrap();
    assert_eq!(second.span_ms, second.at.monotonic_ms - first.at.monotonic_ms);
    assert!(second.span_ms >= 290, "{}", second.span_ms);
    assert_eq!(samples.recv().await.unwrap().span_ms, 300);
}

#[tokio::test]
async fn a_flood_of_requests_holds_up_no_tick() {
    let (requests, mut samples) = running(Duration::from_millis(300));
    let flood = tokio::spawn(async move {
        loop {
            let again = |done| Request::Interval(Duration::from_millis(300), done);
            if requests.is_closed() || ask(&requests, again).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..4 {
        let sample = tokio::time::timeout(Duration::from_secs(20), samples.recv()).await;
        assert!(sample.expect("a sample comes").is_some());
    }
    flood.abort();
}

#[tokio::test]
async fn an_unchanged_lane_goes_on_and_a_changed_one_is_new() {
    let ((roof, roof_behaviour), (cellar, cellar_behaviour)) = (lane("roof"), lane("cellar"));
    let mut sampler = patient(vec![roof, cellar], SURELY);
    for behaviour in [&roof_behaviour, &cellar_behaviour] {
        behaviour.store(FAULTY, Ordering::SeqCst);
    }
    assert_eq!(sampler.tick().await.faults.len(), 2);

    let lanes = vec![lane("attic").0, lane("cellar").0, lane("roof").0];
    sampler.rebuild(lanes, |name| name == "roof", 2 * SURELY).unwrap();
    let names: Vec<_> = sampler.catalogue().metrics().iter().map(|m| m.name.to_string()).collect();
    assert_eq!(names, ["attic_celsius", "cellar_celsius", "roof_celsius"]);
    let sample = sampler.tick().await;
    assert_eq!(faults(&sample), [("roof", Fault::Skipped)], "only the old roof has the old behaviour");
    assert_eq!(&*sample.values, &[Some(21.5), Some(21.5), None]);
}

#[tokio::test]
async fn a_lane_that_hangs_can_be_replaced() {
    let (roof, behaviour) = lane("roof");
    let mut sampler = patient(vec![roof], Duration::from_millis(50));
    behaviour.store(HUNG, Ordering::SeqCst);
    assert_eq!(faults(&sampler.tick().await), [("roof", Fault::NoAnswer)]);
    sampler.patience = SURELY;
    sampler.rebuild(vec![lane("roof").0], |_| false, 2 * SURELY).unwrap();
    assert_eq!(&*sampler.tick().await.values, &[Some(21.5)]);
    behaviour.store(WELL, Ordering::SeqCst);
    late_reply(&sampler).await;
    assert_eq!(&*sampler.tick().await.values, &[Some(21.5)], "what the old one says at last is nobody's");
}

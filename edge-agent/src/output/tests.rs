use super::*;
use crate::{clock::Moment, gpio::SimulatedPins};
use protocol::{ClockTrust, Fault};

const RELAY: &str = "role = 'relay'\nname = 'pump'\npin = 'simulated:4'\nactive_low = true\n";
const LIGHT: &str = "role = 'status_led'\npin = 'simulated:5'\n";

/// Outputs since the time 0, and a look at their lines.
fn outputs(configs: &[&str]) -> (Outputs, SimulatedPins) {
    let pins = SimulatedPins::default();
    pins.drive(4, false);
    let configs: Vec<OutputConfig> = configs.iter().map(|text| toml::from_str(text).unwrap()).collect();
    (Outputs::new(&configs, Board::with(pins.clone()), 0), pins)
}

fn wanted(wishes: &[(&str, f64)]) -> BTreeMap<String, f64> {
    wishes.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn at(monotonic_ms: u64) -> Moment {
    Moment { monotonic_ms, time_ms: 0, clock: ClockTrust::Synchronized }
}

fn read(sensor: &mut dyn Sensor, at: Moment) -> Result<Vec<Option<f64>>, Fault> {
    let mut values = vec![None; sensor.metrics().len()];
    sensor.read(at, &mut values).map(|()| values)
}

fn sensor(outputs: &Outputs) -> Box<dyn Sensor> {
    outputs.sensors().next().unwrap()
}

#[test]
fn a_relay_is_safe_from_the_start_obeys_and_is_safe_at_the_end() {
    let (outputs, pins) = outputs(&[RELAY]);
    assert!(pins.is_high(4), "off, and on while low");
    let mut sensor = sensor(&outputs);
    assert_eq!(sensor.metrics()[0].name.as_str(), "pump_flag");
    assert_eq!(read(sensor.as_mut(), at(10)), Ok(vec![Some(0.0)]));
    outputs.set(&wanted(&[("pump", 1.0)]), 20).unwrap();
    assert!(!pins.is_high(4));
    assert_eq!(read(sensor.as_mut(), at(30)), Ok(vec![Some(1.0)]));
    outputs.shut_down();
    assert!(pins.is_high(4));
}

#[test]
fn safe_may_be_on() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe = 'on'")]);
    assert!(!pins.is_high(4));
    outputs.set(&wanted(&[("pump", 0.0)]), 20).unwrap();
    assert!(pins.is_high(4));
    outputs.shut_down();
    assert!(!pins.is_high(4));
}

#[test]
fn of_what_cannot_be_nothing_is_done() {
    let other = RELAY.replace("pump", "lamp").replace(":4", ":6");
    let (outputs, pins) = outputs(&[RELAY, &other, LIGHT]);
    for (wishes, reason) in [
        (&[("pump", 1.0), ("pumpe", 1.0)][..], "no output \"pumpe\"; there is pump, lamp"),
        (&[("lamp", 1.0), ("pump", 0.5)], "pump = 0.5 cannot be"),
        (&[("pump", f64::NAN)], "cannot be"),
        (&[("status_led", 1.0)], "no output"),
        (&[], "name an output"),
    ] {
        let Err(SetError::Refused(said)) = outputs.set(&wanted(wishes), 0) else { panic!("{wishes:?}") };
        assert!(said.contains(reason), "{said}");
    }
    assert!(pins.is_high(4) && pins.is_high(6), "both still off");
    let (none, _) = self::outputs(&[LIGHT]);
    assert!(none.set(&wanted(&[("pump", 1.0)]), 0).unwrap_err().to_string().contains("no output with"));
}

#[test]
fn a_short_circuit_is_a_failure_and_a_fault_and_no_wrong_flag() {
    let (outputs, pins) = outputs(&[RELAY]);
    let mut sensor = sensor(&outputs);
    pins.hold(4, Some(true));
    assert_eq!(read(sensor.as_mut(), at(10)), Ok(vec![Some(0.0)]));
    let Err(SetError::Failed(said)) = outputs.set(&wanted(&[("pump", 1.0)]), 20) else { panic!() };
    assert!(said.contains("pump: ") && said.contains("does not follow: it is high"), "{said}");
    assert_eq!(read(sensor.as_mut(), at(30)), Err(Fault::Stuck));
    pins.hold(4, None);
    assert_eq!(read(sensor.as_mut(), at(40)), Ok(vec![Some(1.0)]));
}

#[test]
fn a_line_that_is_not_there_is_absent_and_safe_when_it_comes() {
    let pins = SimulatedPins::default();
    pins.remove();
    let config: OutputConfig = toml::from_str(RELAY).unwrap();
    let outputs = Outputs::new(&[config], Board::with(pins.clone()), 0);
    let mut sensor = sensor(&outputs);
    assert_eq!(read(sensor.as_mut(), at(10_000)), Err(Fault::Absent));
    assert!(matches!(outputs.set(&wanted(&[("pump", 1.0)]), 0), Err(SetError::Failed(_))));
    pins.restore();
    assert_eq!(read(sensor.as_mut(), at(19_999)), Err(Fault::Absent), "not looked for at every tick");
    assert!(!pins.is_high(4));
    assert_eq!(read(sensor.as_mut(), at(20_000)), Ok(vec![Some(0.0)]));
    assert!(pins.is_high(4), "the command that failed is not made up for");
}

#[test]
fn without_the_broker_a_relay_is_safe_after_its_time_and_not_before() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_after_seconds = 60")]);
    outputs.connected(true, 1_000);
    outputs.set(&wanted(&[("pump", 1.0)]), 2_000).unwrap();
    assert_eq!(outputs.step(1_000_000), None, "connected: nothing to wait for");
    outputs.connected(false, 1_000_000);
    assert_eq!(outputs.step(1_000_000), Some(1_060_000));
    // A failed attempt is no new loss.
    outputs.connected(false, 1_030_000);
    assert_eq!(outputs.step(1_059_999), Some(1_060_000));
    assert!(!pins.is_high(4));
    assert_eq!(outputs.step(1_060_000), None);
    assert!(pins.is_high(4));
    // Back again it stays safe until somebody commands.
    outputs.connected(true, 1_070_000);
    outputs.step(1_070_000);
    assert!(pins.is_high(4));
    outputs.set(&wanted(&[("pump", 1.0)]), 1_080_000).unwrap();
    assert!(!pins.is_high(4));
}

#[test]
fn a_connection_that_comes_back_in_time_leaves_the_relay_alone() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_after_seconds = 60")]);
    outputs.connected(true, 0);
    outputs.set(&wanted(&[("pump", 1.0)]), 0).unwrap();
    outputs.connected(false, 10_000);
    outputs.connected(true, 69_000);
    assert_eq!(outputs.step(80_000), None);
    outputs.connected(false, 90_000);
    assert_eq!(outputs.step(149_000), Some(150_000), "counted from the second loss");
    assert!(!pins.is_high(4));
}

#[test]
fn a_relay_that_heeds_the_hub_lives_by_its_acknowledgements() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_on_loss_of = 'hub'\nsafe_after_seconds = 120")]);
    outputs.connected(true, 0);
    outputs.set(&wanted(&[("pump", 1.0)]), 0).unwrap();
    outputs.hub_heard(60_000);
    assert_eq!(outputs.step(120_000), Some(180_000));
    assert!(!pins.is_high(4));
    outputs.step(180_000);
    assert!(pins.is_high(4));
    // Somebody else commands while the hub is silent: he is there, for as long.
    outputs.set(&wanted(&[("pump", 1.0)]), 200_000).unwrap();
    assert_eq!(outputs.step(200_000), Some(320_000));
    outputs.step(320_000);
    assert!(pins.is_high(4));
}

#[test]
fn a_relay_that_heeds_nobody_stays_as_commanded() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_on_loss_of = 'nobody'")]);
    outputs.set(&wanted(&[("pump", 1.0)]), 0).unwrap();
    assert_eq!(outputs.step(u64::MAX / 2), None);
    assert!(!pins.is_high(4));
}

#[test]
fn a_relay_that_was_never_connected_is_safe_in_time_as_well() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_after_seconds = 60")]);
    outputs.set(&wanted(&[("pump", 1.0)]), 5_000).unwrap();
    assert_eq!(outputs.step(10_000), Some(65_000), "the command was the last that was heard");
    outputs.step(65_000);
    assert!(pins.is_high(4));
}

#[test]
fn the_status_led_shows_connection_and_publishing() {
    let (outputs, pins) = outputs(&[LIGHT]);
    let shown = |now_ms| {
        let next = outputs.step(now_ms);
        (pins.is_high(5), next)
    };
    assert_eq!(shown(2_500), (true, Some(3_000)), "searching");
    assert_eq!(shown(3_000), (false, Some(4_000)));
    outputs.connected(true, 3_100);
    assert_eq!(shown(3_100), (true, None));
    outputs.published(5_000);
    assert_eq!(shown(5_000), (false, Some(5_060)));
    assert_eq!(shown(5_060), (true, None));
    assert_eq!(outputs.identify(6_000, 1_000), Ok("the status LED blinks"));
    assert_eq!(shown(6_100), (false, Some(6_200)));
    assert_eq!(shown(7_000), (true, None));
    outputs.shut_down();
    assert!(!pins.is_high(5));
}

#[test]
fn without_a_status_led_the_light_of_the_pi_is_borrowed() {
    let folder = tempfile::tempdir().unwrap();
    let act = folder.path().join("ACT");
    std::fs::create_dir(&act).unwrap();
    std::fs::write(act.join("trigger"), "none [mmc0]\n").unwrap();
    let outputs =
        Outputs(Arc::new(Inner { leds: folder.path().into(), news: Mutex::default(), ..Inner::default() }));
    let text = |file: &str| std::fs::read_to_string(act.join(file)).unwrap();

    assert_eq!(outputs.identify(1_000, 250), Ok("the light of the Pi blinks"));
    assert_eq!((outputs.step(1_000), text("brightness")), (Some(1_100), "1".to_owned()));
    assert_eq!((outputs.step(1_100), text("brightness")), (Some(1_200), "0".to_owned()));
    assert_eq!(text("trigger"), "none");
    outputs.identify(1_200, 100).unwrap();
    assert_eq!(text("trigger"), "none", "borrowed once");
    assert_eq!(outputs.step(1_300), None);
    assert_eq!(text("trigger"), "mmc0");
}

#[test]
fn without_any_light_identify_says_what_to_do() {
    let outputs = Outputs(Arc::new(Inner { leds: "/nowhere".into(), ..Inner::default() }));
    let error = outputs.identify(0, 1_000).unwrap_err();
    assert!(error.contains("role = \"status_led\""), "{error}");
}

#[test]
fn a_panic_makes_relays_safe_before_anything_else_happens() {
    let (outputs, pins) = outputs(&[RELAY]);
    outputs.set(&wanted(&[("pump", 1.0)]), 0).unwrap();
    let before = std::panic::take_hook();
    make_safe_on_panic(outputs);
    let panicked = std::thread::spawn(|| panic!("as it is meant to")).join();
    std::panic::set_hook(before);
    assert!(panicked.is_err());
    assert!(pins.is_high(4));
}

#[tokio::test]
async fn what_is_due_is_done_without_being_asked() {
    let (outputs, pins) = outputs(&[&format!("{RELAY}safe_after_seconds = 1")]);
    outputs.set(&wanted(&[("pump", 1.0)]), monotonic_ms()).unwrap();
    let attending = tokio::spawn({
        let outputs = outputs.clone();
        async move { outputs.attend().await }
    });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !pins.is_high(4) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(pins.is_high(4));
    attending.abort();
}

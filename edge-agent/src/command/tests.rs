use super::*;
use crate::{
    clock::monotonic_ms,
    gpio::{Board, SimulatedPins},
    sample::Refused,
};
use protocol::Outcome;
use serde_json::{Value, json};
use std::time::Duration;

/// A commander at work, whose sampler is played by the test.
struct Desk {
    inbox: Inbox,
    answers: mpsc::Receiver<Answer>,
    restart: oneshot::Receiver<()>,
    requests: mpsc::Receiver<Request>,
    pins: SimulatedPins,
}

impl Desk {
    /// Not running yet.
    fn idle() -> (Self, Commander) {
        Self::started(0)
    }

    fn started(started_ms: u64) -> (Self, Commander) {
        let config =
            "enabled = ['identify', 'set_output', 'set_interval', 'read_now', 'restart']\ntrust_clock = true";
        let relay = "role = 'relay'\nname = 'pump'\npin = 'simulated:4'";
        let pins = SimulatedPins::default();
        let outputs = Outputs::new(&[toml::from_str(relay).unwrap()], Board::with(pins.clone()), 0);
        let (sender, requests) = mpsc::channel(1);
        let (commander, ends) =
            Commander::new(toml::from_str(config).unwrap(), outputs, sender, 30_000, started_ms);
        let Ends { inbox, answers, restart } = ends;
        (Self { inbox, answers, restart, requests, pins }, commander)
    }

    fn new() -> Self {
        let (desk, commander) = Self::idle();
        tokio::spawn(commander.run());
        desk
    }

    fn send(&self, id: &str, name: &str, arguments: &Value) {
        let expires_ms = Moment::now().time_ms + 60_000;
        let command =
            json!({ "version": 1, "id": id, "name": name, "arguments": arguments, "expires_ms": expires_ms });
        let payload = serde_json::to_vec(&command).unwrap();
        self.inbox.hand_in(Received { payload, retained: false, again: false });
    }

    async fn result(&mut self) -> (String, Outcome, String) {
        match self.answers.recv().await.unwrap() {
            Answer::Result(CommandResult { id, outcome, message, .. }) => (id, outcome, message),
            other => panic!("{other:?} is no result"),
        }
    }

    async fn refused(&mut self, name: &str, arguments: Value, reason: &str) {
        self.send(&format!("{name} {arguments}"), name, &arguments);
        let (_, outcome, message) = self.result().await;
        assert_eq!(outcome, Outcome::Refused, "{name} {arguments}: {message}");
        assert!(message.contains(reason), "{name} {arguments}: {message}");
    }
}

#[tokio::test]
async fn a_relay_is_switched_and_the_result_carries_the_id() {
    let mut desk = Desk::new();
    desk.send("a", "set_output", &json!({ "pump": 1 }));
    assert_eq!(desk.result().await, ("a".to_owned(), Outcome::Done, String::new()));
    assert!(desk.pins.is_high(4));
    desk.send("a", "set_output", &json!({ "pump": 0 }));
    let (_, outcome, message) = desk.result().await;
    assert_eq!(outcome, Outcome::Refused);
    assert!(message.contains("was done before"), "{message}");
    assert!(desk.pins.is_high(4), "not carried out again");
}

#[tokio::test]
async fn arguments_that_cannot_be_are_refused_with_the_reason() {
    let mut desk = Desk::new();
    for (name, arguments, reason) in [
        ("set_output", json!({ "fan": 1 }), "there is pump"),
        ("set_output", json!({}), "name an output"),
        ("set_interval", json!({}), "it takes seconds"),
        ("set_interval", json!({ "seconds": 0.05 }), "it takes 0.1 to 30"),
        ("set_interval", json!({ "seconds": 31 }), "it takes 0.1 to 30"),
        ("set_interval", json!({ "second": 1 }), "there is seconds"),
        ("identify", json!({ "seconds": 0 }), "it takes 1 to 300"),
        ("identify", json!({ "seconds": 301 }), "it takes 1 to 300"),
        ("read_now", json!({ "seconds": 1 }), "it takes none"),
        ("restart", json!({ "seconds": 1 }), "it takes none"),
    ] {
        desk.refused(name, arguments, reason).await;
    }
    assert!(!desk.pins.is_high(4));
    assert!(desk.restart.try_recv().is_err() && desk.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_new_interval_goes_to_the_sampler_and_into_the_birth() {
    let mut desk = Desk::new();
    desk.send("a", "set_interval", &json!({ "seconds": 0.5 }));
    let Some(Request::Interval(interval, done)) = desk.requests.recv().await else { panic!() };
    assert_eq!(interval, Duration::from_millis(500));
    done.send(Ok(())).unwrap();
    assert_eq!(desk.answers.recv().await, Some(Answer::Interval(500)));
    assert_eq!(desk.result().await.1, Outcome::Done);
}

#[tokio::test]
async fn read_now_is_done_when_the_sample_is_taken() {
    let mut desk = Desk::new();
    desk.send("a", "read_now", &json!({}));
    let Some(Request::Sample(done)) = desk.requests.recv().await else { panic!() };
    assert!(desk.answers.try_recv().is_err());
    done.send(Ok(())).unwrap();
    assert_eq!(desk.result().await.1, Outcome::Done);

    desk.send("b", "read_now", &json!({}));
    let Some(Request::Sample(done)) = desk.requests.recv().await else { panic!() };
    done.send(Err(Refused::TooSoon(7))).unwrap();
    assert_eq!(desk.result().await, ("b".to_owned(), Outcome::Refused, "a sample was taken 7 ms ago".into()));

    desk.send("c", "read_now", &json!({}));
    drop(desk.requests.recv().await);
    assert_eq!(desk.result().await.1, Outcome::Failed, "a sampler that ends answers nobody");
}

#[tokio::test]
async fn restart_is_answered_before_it_happens() {
    let mut desk = Desk::new();
    desk.send("a", "restart", &json!({}));
    (&mut desk.restart).await.unwrap();
    let answered = desk.answers.try_recv().unwrap();
    assert!(matches!(answered, Answer::Result(result) if result.outcome == Outcome::Done));
}

#[tokio::test]
async fn a_new_run_does_not_end_at_once_again() {
    let (mut desk, commander) = Desk::started(monotonic_ms());
    tokio::spawn(commander.run());
    desk.refused("restart", json!({}), "started less than 10 s ago").await;
    assert!(desk.restart.try_recv().is_err());
}

#[tokio::test]
async fn a_flood_is_dropped_and_counted_and_what_waits_is_bounded() {
    let (mut desk, commander) = Desk::idle();
    for number in 0..1_000 {
        desk.send(&number.to_string(), "identify", &json!({ "seconds": 0 }));
    }
    assert_eq!(desk.inbox.dropped.load(Ordering::Relaxed), 1_000 - COMMANDS as u64);
    tokio::spawn(commander.run());
    for number in 0..COMMANDS {
        assert_eq!(desk.result().await.0, number.to_string());
    }
    desk.send("after", "identify", &json!({ "seconds": 0 }));
    assert_eq!(desk.result().await.0, "after");
}

#[tokio::test]
async fn noise_is_ignored_and_complained_of_once_a_minute() {
    let (desk, mut commander) = Desk::idle();
    for _ in 0..10 {
        commander.complain("noise", 1_000);
    }
    assert_eq!((commander.ignored, commander.complained_ms), (10, Some(1_000)));
    commander.complain("noise", 61_000);
    assert_eq!(commander.complained_ms, Some(61_000));
    tokio::spawn(commander.run());
    desk.inbox.hand_in(Received { payload: b"noise".to_vec(), retained: false, again: false });
    let mut desk = desk;
    desk.send("after", "set_output", &json!({ "pump": 1 }));
    assert_eq!(desk.result().await.0, "after");
}

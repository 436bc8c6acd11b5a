use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW_MS: i64 = 1_700_000_000_000;

fn at(time_ms: i64, clock: ClockTrust) -> Moment {
    Moment { monotonic_ms: 5_000, time_ms, clock }
}

fn now() -> Moment {
    at(NOW_MS, ClockTrust::Synchronized)
}

fn judge(config: &str) -> Judge {
    Judge::new(toml::from_str(config).unwrap())
}

fn enabled() -> Judge {
    judge("enabled = ['identify', 'set_output', 'set_interval', 'read_now', 'restart']")
}

fn command() -> Value {
    json!({ "version": 1, "id": "one", "name": "read_now", "expires_ms": NOW_MS + 10_000 })
}

fn with(key: &str, value: Value) -> Value {
    let mut command = command();
    command[key] = value;
    command
}

fn received(command: &Value) -> Received {
    Received { payload: serde_json::to_vec(command).unwrap(), retained: false, again: false }
}

fn objection(verdict: Verdict) -> String {
    match verdict {
        Verdict::Answer(CommandResult { id, outcome: Outcome::Refused, message, .. }) if id == "one" => {
            message
        }
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn what_is_enabled_and_in_time_is_carried_out() {
    let verdict = enabled().judge(&received(&command()), now());
    assert!(matches!(verdict, Verdict::Carry(Command { name: CommandName::ReadNow, .. })), "{verdict:?}");
}

#[test]
fn what_must_not_be_is_refused_with_the_reason() {
    let of = |command: &Value| objection(enabled().judge(&received(command), now()));
    for (command, reason) in [
        (with("name", json!("self_destruct")), "no such command"),
        (with("expires_ms", json!(NOW_MS)), "expired 0.0 s ago"),
        (with("expires_ms", json!(NOW_MS - 2_500)), "expired 2.5 s ago"),
        (with("expires_ms", json!(i64::MIN)), "expired"),
        (with("expires_ms", json!(NOW_MS + 86_400_001)), "more than 24 hours"),
        (with("expires_ms", json!(i64::MAX)), "more than 24 hours"),
        (with("version", json!(2)), "contract version 2 is unknown here"),
        (with("arguments", json!({ "seconds": "ten" })), "not understood"),
        (with("expires_ms", json!("soon")), "not understood"),
        (json!({ "id": "one" }), "not understood"),
    ] {
        let said = of(&command);
        assert!(said.contains(reason), "{command}: {said}");
    }
    let said = objection(judge("enabled = ['identify']").judge(&received(&command()), now()));
    assert!(said.contains("not enabled"), "{said}");
}

#[test]
fn a_retained_command_is_refused_whatever_else() {
    let said = objection(enabled().judge(&Received { retained: true, ..received(&command()) }, now()));
    assert!(said.starts_with("retained"), "{said}");
}

#[test]
fn without_a_clock_nothing_can_be_in_time_unless_the_owner_trusts_it() {
    let blind = at(NOW_MS, ClockTrust::Unsynchronized);
    let said = objection(enabled().judge(&received(&command()), blind));
    assert!(said.contains("not synchronised"), "{said}");
    let verdict = judge("enabled = ['read_now']\ntrust_clock = true").judge(&received(&command()), blind);
    assert!(matches!(verdict, Verdict::Carry(_)), "{verdict:?}");
}

#[test]
fn a_repeated_command_is_refused_and_told_what_became_of_it() {
    let mut judge = enabled();
    assert!(matches!(judge.judge(&received(&command()), now()), Verdict::Carry(_)));
    let again = Received { again: true, ..received(&command()) };
    assert!(objection(judge.judge(&again, now())).contains("was begun before"));
    judge.end("one", Outcome::Done);
    assert!(objection(judge.judge(&again, now())).contains("was done before"));
    // The same id with another wish is a repetition as well.
    let other = received(&with("name", json!("restart")));
    assert!(objection(judge.judge(&other, now())).contains("repeated"));
}

#[test]
fn a_refused_command_may_come_again_in_order() {
    let mut judge = enabled();
    objection(judge.judge(&received(&command()), at(NOW_MS, ClockTrust::Unsynchronized)));
    assert!(matches!(judge.judge(&received(&command()), now()), Verdict::Carry(_)));
}

#[test]
fn what_an_earlier_run_may_have_carried_out_is_refused() {
    let said = objection(enabled().judge(&Received { again: true, ..received(&command()) }, now()));
    assert!(said.contains("earlier run"), "{said}");
}

#[test]
fn what_has_no_id_is_ignored_with_the_reason() {
    let long = with("id", json!("x".repeat(129)));
    for (payload, reason) in [
        (b"{".to_vec(), "no command with an id"),
        (b"[1, 2]".to_vec(), "no command with an id"),
        (Vec::new(), "no command with an id"),
        (b"\xff\xfe".to_vec(), "no command with an id"),
        (serde_json::to_vec(&with("id", json!(""))).unwrap(), "1 to 128"),
        (serde_json::to_vec(&long).unwrap(), "1 to 128"),
        (vec![b' '; LONGEST_BYTES + 1], "at most 4096"),
    ] {
        let verdict = enabled().judge(&Received { payload, retained: false, again: false }, now());
        assert!(matches!(&verdict, Verdict::Ignore(said) if said.contains(reason)), "{verdict:?}");
    }
}

proptest! {
    /// Whatever comes in whatever order: of one id at most one is carried out.
    #[test]
    fn no_command_is_carried_out_twice(
        messages in proptest::collection::vec((0_u16..400, 1_i64..100_000, any::<bool>(), 0_i64..500), 1..1_200),
    ) {
        let mut judge = enabled();
        let (mut time, mut carried) = (NOW_MS, std::collections::HashSet::new());
        for (id, lasting, again, pause) in messages {
            time += pause;
            // The lifetime belongs to the command: who sends it again does not change it.
            let expires_ms = NOW_MS + lasting + i64::from(id) * 37;
            let id = format!("{id}-{expires_ms}");
            let command = json!({ "version": 1, "id": id, "name": "read_now", "expires_ms": expires_ms });
            let message = Received { again, ..received(&command) };
            if let Verdict::Carry(command) = judge.judge(&message, at(time, ClockTrust::Synchronized)) {
                prop_assert!(command.expires_ms > time);
                prop_assert!(carried.insert(command.id.clone()), "{} twice", command.id);
                judge.end(&command.id, Outcome::Done);
            }
        }
    }

    /// Whatever bytes come, the judge survives, and carries none of them out.
    #[test]
    fn noise_is_no_command(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let verdict = enabled().judge(&Received { payload, retained: false, again: false }, now());
        prop_assert!(!matches!(verdict, Verdict::Carry(_)));
    }
}

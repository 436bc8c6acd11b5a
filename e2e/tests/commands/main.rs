//! Commands over a real mosquitto to a real agent, whose relay and inputs are simulated lines: what is
//! carried out is seen on an input that is wired to the relay.

mod parties;

use e2e::{Mosquitto, eventually};
use parties::{ALL, Agent, Owner, RESULT, command, now_ms};
use rumqttc::QoS;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{thread, time::Duration};

#[test]
fn a_relay_obeys_and_everybody_sees_it() {
    let mosquitto = Mosquitto::start();
    let (owner, mut agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    assert_eq!(owner.state()["now"]["pump_flag"], 0.0);
    owner.command("on", "set_output", &json!({ "pump": 1 }));
    assert_eq!(owner.result("on"), ("done".to_owned(), String::new()));
    let state = owner.await_message("edgewise/roof/state", |state, _| state["now"]["pump_flag"] == 1.0);
    assert_eq!(state["now"]["switched_count"], 1.0, "{state}");
    owner.command("wrong", "set_output", &json!({ "pumpe": 1 }));
    owner.refused("wrong", "there is pump");
    assert_eq!(agent.program.terminate().code(), Some(0));
    agent.await_log("made safe: the agent ends");
}

#[test]
fn nothing_is_obeyed_unless_enabled() {
    let mosquitto = Mosquitto::start();
    let owner = Owner::connect(&mosquitto);
    // A session with a subscription, from a time when commands were enabled.
    let mut agent = Agent::start(&mosquitto, 0.2, ALL);
    agent.await_subscription(&owner);
    agent.program.kill();
    for more in ["", "[commands]\nenabled = ['identify']\ntrust_clock = true\n"] {
        let mut agent = Agent::start(&mosquitto, 0.2, more);
        agent.await_subscription(&owner);
        owner.command(&format!("x{more}"), "set_output", &json!({ "pump": 1 }));
        if more.is_empty() {
            assert_eq!(owner.results_within("x", Duration::from_secs(2)), [""; 0]);
        } else {
            owner.refused(&format!("x{more}"), "not enabled");
        }
        assert_eq!(owner.state()["now"]["pump_flag"], 0.0);
        agent.program.terminate();
    }
}

#[test]
fn what_must_not_be_carried_out_is_refused_with_the_reason() {
    let mosquitto = Mosquitto::start();
    let owner = Owner::connect(&mosquitto);
    owner.publish(command("kept", "set_output", &json!({ "pump": 1 })), true);
    owner.await_message("edgewise/roof/command", |_, _| true);
    let agent = Agent::start(&mosquitto, 0.2, ALL);
    owner.refused("kept", "retained");
    let mut late: Value =
        serde_json::from_slice(&command("late", "set_output", &json!({ "pump": 1 }))).unwrap();
    late["expires_ms"] = json!(now_ms() - 1_000);
    owner.publish(late.to_string(), false);
    owner.refused("late", "expired");
    owner.command("unheard of", "make_coffee", &json!({}));
    owner.refused("unheard of", "no such command");
    for _ in 0..10 {
        owner.publish("{ this is no JSON", false);
    }
    owner.publish(r#"{ "id": "half", "name": "identify" }"#, false);
    owner.refused("half", "not understood");
    let complaints = agent.program.log().matches("not understood on the command topic").count();
    assert_eq!(complaints, 1, "{}", agent.program.log());
    let state = owner.state();
    assert_eq!((&state["now"]["pump_flag"], &state["now"]["switched_count"]), (&json!(0.0), &json!(0.0)));
}

#[test]
fn without_a_synchronised_clock_a_command_is_refused() {
    let mosquitto = Mosquitto::start();
    let (owner, more) = (Owner::connect(&mosquitto), ALL.replace("trust_clock = true", ""));
    let agent = Agent::start(&mosquitto, 0.2, &more);
    agent.await_subscription(&owner);
    owner.command("on", "set_output", &json!({ "pump": 1 }));
    let (outcome, message) = owner.result("on");
    // The machine decides what can be seen here; the state says what it is.
    if owner.state()["clock"] == "synchronized" {
        assert_eq!(outcome, "done");
    } else {
        assert!(outcome == "refused" && message.contains("not synchronised"), "{outcome}: {message}");
    }
}

#[test]
fn a_command_that_comes_twice_is_carried_out_once() {
    let mut mosquitto = Mosquitto::start();
    let (owner, agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    let on = command("on", "set_output", &json!({ "pump": 1 }));
    owner.publish(on.clone(), false);
    assert_eq!(owner.result("on").0, "done");
    owner.command("off", "set_output", &json!({ "pump": 0 }));
    assert_eq!(owner.result("off").0, "done");
    owner.publish(on.clone(), false);
    owner.refused("on", "was done before");

    // Delivered by the broker but not acknowledged, and so delivered again after its restart.
    agent.signal(Signal::STOP);
    owner.command("again", "set_output", &json!({ "pump": 1 }));
    owner.await_message("edgewise/roof/command", |command, _| command["id"] == "again");
    mosquitto.restart();
    agent.signal(Signal::CONT);
    // What came through in time is carried out; what did not cannot be told from it later, and is not.
    let came_through = owner.result("again").0 == "done";
    let later = owner.results_within("again", Duration::from_secs(3));
    assert!(came_through || !later.contains(&"done".to_owned()), "{later:?}");
    assert_eq!(agent.program.log().matches("command id=\"again\"").count(), usize::from(came_through));
    assert_eq!(owner.state()["now"]["switched_count"], if came_through { 2.0 } else { 1.0 });
    owner.publish(on, false);
    // The results of before may come again with the connection; this refusal cannot.
    owner.await_message(RESULT, |result, text| result["id"] == "on" && text.contains("was done before"));
}

#[test]
fn a_command_that_waited_for_the_connection_is_carried_out_once() {
    let mut mosquitto = Mosquitto::start();
    let (owner, agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    agent.signal(Signal::STOP);
    mosquitto.restart();
    owner.command("on", "set_output", &json!({ "pump": 1 }));
    owner.await_message("edgewise/roof/command", |command, _| command["id"] == "on");
    agent.signal(Signal::CONT);
    assert_eq!(owner.result("on").0, "done");
    assert_eq!(owner.state()["now"]["switched_count"], 1.0);
}

#[test]
fn what_a_killed_agent_may_have_carried_out_is_refused_by_the_next() {
    let mosquitto = Mosquitto::start();
    let (owner, mut agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    agent.signal(Signal::STOP);
    owner.command("restart", "restart", &json!({}));
    owner.await_message("edgewise/roof/command", |command, _| command["id"] == "restart");
    agent.program.kill();
    let agent = Agent::start(&mosquitto, 0.2, ALL);
    owner.refused("restart", "earlier run");
    owner.command("on", "set_output", &json!({ "pump": 1 }));
    assert_eq!(owner.result("on").0, "done", "and it still runs: {}", agent.program.log());
}

#[test]
fn restart_answers_says_goodbye_and_ends_with_its_own_code() {
    let mosquitto = Mosquitto::start();
    let (owner, mut agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    owner.command("early", "restart", &json!({}));
    owner.refused("early", "started less than 10 s ago");
    let id = eventually("a run that may end", || {
        let id = format!("again {}", now_ms());
        owner.command(&id, "restart", &json!({}));
        (owner.result(&id).0 == "done").then_some(id)
    });
    owner.await_message("edgewise/roof/status", |_, text| text == "offline");
    assert_eq!(agent.program.wait().code(), Some(4));
    agent.await_log("said goodbye");
    // The command was acknowledged: the next run does not hear of it.
    let agent = Agent::start(&mosquitto, 0.2, ALL);
    agent.await_subscription(&owner);
    assert_eq!(owner.results_within(&id, Duration::from_secs(2)), [""; 0]);
}

#[test]
fn another_interval_is_in_the_birth_and_in_the_states() {
    let mosquitto = Mosquitto::start();
    let (owner, agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 30.0, ALL));
    agent.await_subscription(&owner);
    owner.command("quick", "set_interval", &json!({ "seconds": 0.3 }));
    owner.await_message("edgewise/roof/birth", |birth, _| birth["interval_ms"] == 300);
    assert_eq!(owner.result("quick").0, "done");
    // With the old interval none would come in time.
    let times: Vec<u64> = (0..3).map(|_| owner.state()["monotonic_ms"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted() && times[2] - times[0] < 25_000, "{times:?}");
    assert_eq!(agent.program.log().matches("INFO started").count(), 1);
}

#[test]
fn read_now_samples_at_once_and_weighs_no_more_than_its_time() {
    let mosquitto = Mosquitto::start();
    let (owner, agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 30.0, ALL));
    agent.await_subscription(&owner);
    owner.command("on", "set_output", &json!({ "pump": 1 }));
    assert_eq!(owner.result("on").0, "done");
    owner.command("now", "read_now", &json!({}));
    let state = owner.await_message("edgewise/roof/state", |state, _| state["now"]["pump_flag"] == 1.0);
    let mean = state["mean"]["pump_flag"].as_f64().expect("a number");
    // Seconds of on among the 30 s that the first sample, off, stands for.
    assert!(mean > 0.0 && mean < 0.5, "{state}");
    assert_eq!(owner.result("now").0, "done");
    eventually("the agent to be asked too soon", || {
        let id = format!("soon {}", now_ms());
        owner.command(&id, "read_now", &json!({}));
        let other = format!("{id} too");
        owner.command(&other, "read_now", &json!({}));
        (owner.result(&other).1.contains("a sample was taken")).then_some(())
    });
}

#[test]
fn a_flood_of_commands_keeps_no_sample_from_going_out() {
    let mosquitto = Mosquitto::start();
    let (owner, agent) = (Owner::connect(&mosquitto), Agent::start(&mosquitto, 0.2, ALL));
    agent.await_subscription(&owner);
    let before = owner.state()["monotonic_ms"].as_u64().expect("a time");
    let client = owner.client.clone();
    let flood = thread::spawn(move || {
        for number in 0..20_000 {
            let command = command(&number.to_string(), "read_now", &json!({}));
            client.publish("edgewise/roof/command", QoS::AtMostOnce, false, command).unwrap();
        }
    });
    let mut states = Vec::new();
    while !flood.is_finished() || states.len() < 5 {
        let state = owner.await_message("edgewise/roof/state", |_, _| true);
        states.push(state["monotonic_ms"].as_u64().expect("a time"));
    }
    flood.join().unwrap();
    assert!(states.is_sorted() && states[0] >= before, "{states:?}");
    eventually("an answer after the flood", || {
        let id = format!("after {}", now_ms());
        owner.command(&id, "identify", &json!({ "seconds": 0 }));
        let outcomes = owner.results_within(&id, Duration::from_secs(2));
        (!outcomes.is_empty()).then_some(())
    });
    agent.await_log("dropped");
}

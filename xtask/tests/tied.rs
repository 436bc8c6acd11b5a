//! A program that a command has started never outlives it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_starter_takes_its_program_with_it() {
    // The shell plays the starter: it starts a tied `sleep`, says its process id, and is killed.
    let script = r#""$0" tied $$ -- sleep 600 & echo $!; wait"#;
    let mut starter = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_xtask")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(starter.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let sleeper = line.trim();
    // Until it has become `sleep` the tie is not sure to be there.
    while std::fs::read_to_string(format!("/proc/{sleeper}/comm")).unwrap().trim() != "sleep" {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(runs(sleeper));

    starter.kill().unwrap();
    starter.wait().unwrap();
    for _ in 0..500 {
        if !runs(sleeper) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("process {sleeper} still runs");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_whose_starter_is_already_gone_is_not_started() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["tied", "1", "--", "echo", "ran"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is gone"));
}

#[test]
fn a_wrong_option_exits_with_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["test", "nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"));
}

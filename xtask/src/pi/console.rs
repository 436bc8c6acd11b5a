//! What the emulated Pi writes to its serial console.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use anyhow::Context;

const BEGIN: &str = "@@BEGIN@@";
const END: &str = "@@END@@";

/// An event on the console.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// The guest is up and starts what it was given.
    Begun,
    /// A line of what it was given, or of trouble before.
    Line(String),
    /// What it was given ended with this code.
    Ended(i32),
}

/// Reads events until the guest is gone; all that it writes goes to `log` too.
pub(super) fn follow(output: impl Read + Send + 'static, log: &Path) -> anyhow::Result<Receiver<Event>> {
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let (sender, events) = channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let (mut line, mut inside) = (Vec::new(), false);
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            // A full disk must not stop the guest.
            let _ = log.write_all(&line);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            for event in understood(&text, &mut inside) {
                if sender.send(event).is_err() {
                    return;
                }
            }
            line.clear();
        }
    });
    Ok(events)
}

/// The marks of the guest's init may follow an unfinished line.
fn understood(line: &str, inside: &mut bool) -> Vec<Event> {
    let some = |text: &str| (!text.is_empty()).then(|| Event::Line(text.to_owned()));
    if line.contains(BEGIN) {
        *inside = true;
        return vec![Event::Begun];
    }
    if let Some((before, code)) = line.split_once(END).filter(|_| *inside) {
        *inside = false;
        let ended = Event::Ended(code.trim().parse().unwrap_or(-1));
        return some(before).into_iter().chain([ended]).collect();
    }
    let trouble = ["init: ", "pi-emu: ", "Kernel panic"].into_iter().any(|mark| line.contains(mark));
    let worth_showing = *inside || trouble;
    if worth_showing { vec![Event::Line(line.to_owned())] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_told_and_how_it_ended() {
        let mut inside = false;
        let mut told = Vec::new();
        for line in [
            "[    1.0] a driver",
            "init: no network interface",
            "@@BEGIN@@ 3.12",
            "hello",
            "",
            "unfinished@@END@@ 7",
            "[    9.0] power down",
        ] {
            told.extend(understood(line, &mut inside));
        }
        let line = |text: &str| Event::Line(text.to_owned());
        let expected = [
            line("init: no network interface"),
            Event::Begun,
            line("hello"),
            line(""),
            line("unfinished"),
            Event::Ended(7),
        ];
        assert_eq!(told, expected);
    }
}

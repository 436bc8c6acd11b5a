//! Shows what a program prints and remembers its end, so that it can be repeated where somebody looks first.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many lines are remembered.
const LINES: usize = 40;
/// How long the last lines may take to come after the program has ended: something that it started and left
/// behind may hold its output open for ever.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The last lines of both outputs, in the order in which they came.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(line).trim_end().to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

/// Runs it with its output shown; returns how it ended and its last lines. On a terminal it has that to itself,
/// with colours and progress, and there are no lines.
pub(crate) fn run(command: &mut Command) -> io::Result<(ExitStatus, Vec<String>)> {
    if io::stdout().is_terminal() || io::stderr().is_terminal() {
        return Ok((command.status()?, Vec::new()));
    }
    copied(command, io::stdout, io::stderr)
}

fn copied<O: Write + 'static, E: Write + 'static>(
    command: &mut Command,
    stdout: fn() -> O,
    stderr: fn() -> E,
) -> io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let tail = Tail::default();
    let copies = [
        child.stdout.take().map(|pipe| copy(pipe, stdout, tail.clone())),
        child.stderr.take().map(|pipe| copy(pipe, stderr, tail.clone())),
    ];
    let status = child.wait()?;
    for done in copies.into_iter().flatten() {
        // An error means that it is done.
        let _ = done.recv_timeout(LAST_WORDS);
    }
    Ok((status, tail.take()))
}

fn copy<W: Write + 'static>(pipe: impl Read + Send + 'static, to: fn() -> W, tail: Tail) -> Receiver<()> {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            // A closed output must not stop the reading, or the program would hang on a full pipe.
            let _ = to().write_all(&line);
            tail.push(&line);
            line.clear();
        }
        drop(done);
    });
    wait
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (ExitStatus, Vec<String>) {
        copied(Command::new("sh").args(["-c", script]), io::sink, io::sink).unwrap()
    }

    #[test]
    fn the_last_lines_of_both_outputs_are_remembered() {
        let (status, tail) = shell("echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three; exit 3");
        assert_eq!((status.code(), tail.join(",")), (Some(3), "one,two,three".into()));
        let (_, tail) = shell("seq 1 100");
        assert_eq!((tail.len(), tail[0].as_str()), (LINES, "61"));
    }

    #[test]
    fn what_is_left_behind_holds_nobody_up() {
        let (status, tail) = shell("echo gone; sleep 60 & echo $! >&2; exit 0");
        assert!(status.success());
        assert_eq!(tail.len(), 2, "{tail:?}");
        let left: i32 = tail.iter().find_map(|line| line.parse().ok()).unwrap();
        let left = rustix::process::Pid::from_raw(left).unwrap();
        rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    }
}

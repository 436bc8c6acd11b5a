//! The line to the emulator in the guest, by which faults are switched and the world is changed.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a command may take; the guest may be starved of CPU.
const WITHIN: Duration = Duration::from_secs(20);
/// QEMU creates the socket as one of the first things it does.
const SOCKET_WITHIN: Duration = Duration::from_secs(10);

/// The socket's name in the machine's directory.
pub(super) const SOCKET: &str = "control.sock";

/// What the emulator said to a command.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// Milliseconds since the guest started, just before the command was carried out.
    pub(super) at_ms: u64,
    pub(super) text: String,
}

pub(super) struct Control {
    socket: UnixStream,
    lines: Receiver<String>,
}

impl Control {
    /// Connects to the socket in this directory as soon as it is there.
    pub(super) fn connect(dir: &Path) -> anyhow::Result<Self> {
        // A socket's path may have 107 bytes only; this one is always short.
        let open = File::open(dir).with_context(|| format!("cannot open {}", dir.display()))?;
        let path = format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd());
        let deadline = Instant::now() + SOCKET_WITHIN;
        let socket = loop {
            match UnixStream::connect(&path) {
                Ok(socket) => break socket,
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
                Err(error) => {
                    return Err(error).context("QEMU does not open its control socket; see qemu.log");
                }
            }
        };
        let reader = BufReader::new(socket.try_clone()?);
        let (sender, lines) = channel();
        thread::spawn(move || {
            // A serial line may carry noise of its probing.
            for line in reader.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).trim().to_owned()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { socket, lines })
    }

    /// Carries out a command and waits for its answer.
    pub(super) fn tell(&mut self, command: &str) -> anyhow::Result<Answer> {
        self.send(command)?;
        let deadline = Instant::now() + WITHIN;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => match answer(&line, command) {
                    Some(Answer { text, .. }) if text.starts_with("error") => bail!("{command}: {text}"),
                    Some(answer) => return Ok(answer),
                    None => {}
                },
                Err(RecvTimeoutError::Timeout) => bail!("the emulator does not answer to `{command}`"),
                Err(RecvTimeoutError::Disconnected) => bail!("the emulated Pi is gone"),
            }
        }
    }

    /// Sends a command; its answer is among the lines.
    pub(super) fn send(&mut self, command: &str) -> anyhow::Result<()> {
        writeln!(self.socket, "{command}").context("the emulated Pi is gone")
    }

    /// The lines that have come, which tell commands of a scenario too.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.lines.try_iter().filter(|line| line.contains(" up "))
    }
}

/// `SECONDS up UPTIME COMMAND -> TEXT`
fn answer(line: &str, command: &str) -> Option<Answer> {
    let (_, rest) = line.split_once(" up ")?;
    let (uptime, rest) = rest.split_once(' ')?;
    let text = rest.strip_prefix(command)?.strip_prefix(" -> ")?;
    let seconds: f64 = uptime.parse().ok()?;
    Some(Answer { at_ms: (seconds * 1000.0).round() as u64, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_to_its_command() {
        let line = "12.345 up 16.12 fault nack -> ok";
        assert_eq!(answer(line, "fault nack"), Some(Answer { at_ms: 16_120, text: "ok".into() }));
        assert_eq!(answer(line, "fault"), None);
        assert_eq!(answer("noise", "fault nack"), None);
    }
}

//! A long-running program that this process starts, watches and ends.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a program may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A running program in its own process group, so that Ctrl-C reaches it only through [`Process::end`].
/// Dropping it ends it.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    followers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the program and shows its output line by line behind `name`.
    pub(crate) fn follow(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Self::spawn(name, command)?;
        if let Some(pipe) = process.child.stdout.take() {
            process.followers.push(print_lines(name, pipe));
        }
        if let Some(pipe) = process.child.stderr.take() {
            process.followers.push(print_lines(name, pipe));
        }
        Ok(process)
    }

    /// Starts the program and writes its output to a file.
    pub(crate) fn log_to(name: &'static str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(file.try_clone()?).stderr(file);
        Self::spawn(name, command)
    }

    /// Starts the program for somebody who reads its output; what it writes to standard error goes to a file.
    pub(crate) fn piped(
        name: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> anyhow::Result<(Self, ChildStdout)> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        Self::read_from(name, command.stderr(file))
    }

    /// Starts the program for somebody who reads its output.
    pub(crate) fn read_from(
        name: &'static str,
        command: &mut Command,
    ) -> anyhow::Result<(Self, ChildStdout)> {
        let mut process = Self::spawn(name, command.stdout(Stdio::piped()))?;
        let output = process.child.stdout.take().with_context(|| format!("{name} has no output"))?;
        Ok((process, output))
    }

    fn spawn(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, followers: Vec::new() })
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot watch {}", self.name))
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Asks it to end, waits, and kills it after ten seconds. Its last output is shown before this returns.
    pub(crate) fn end(&mut self) {
        self.signal(Signal::TERM);
        // One that was stopped could not follow.
        self.signal(Signal::CONT);
        let deadline = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                eprintln!("{} did not end within {} s and is killed", self.name, GRACE.as_secs());
                self.signal(Signal::KILL);
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // An error here would mean that it is already gone.
        let _ = self.child.wait();
        for follower in self.followers.drain(..) {
            let _ = follower.join();
        }
    }

    /// Sends it and what it has started a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let still_ours = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = still_ours {
            // It fails when the group is gone, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

fn print_lines(name: &'static str, pipe: impl Read + Send + 'static) -> JoinHandle<()> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            let prefix = format!("{name:<5} |");
            let prefix = if colour { format!("\x1b[2m{prefix}\x1b[0m") } else { prefix };
            // A closed output must not stop the reading, or the program would hang on a full pipe.
            let _ = writeln!(std::io::stdout(), "{prefix} {}", text.trim_end());
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_ends_on_request_and_writes_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
        let mut process = Process::log_to("shell", &mut shell(script), &log).unwrap();
        while std::fs::read_to_string(&log).unwrap() != "ready\n" {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(process.ended().unwrap().is_none());
        process.end();
        assert!(process.ended().unwrap().unwrap().success());
        assert!(std::fs::read_to_string(&log).unwrap().ends_with("bye\n"));
    }

    #[test]
    fn a_stopped_program_ends_on_request_too() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        // With a handler of its own, as our programs have: without one the kernel ends it even when stopped.
        let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
        let mut process = Process::log_to("shell", &mut shell(script), &log).unwrap();
        while std::fs::read_to_string(&log).unwrap() != "ready\n" {
            std::thread::sleep(Duration::from_millis(10));
        }
        process.signal(Signal::STOP);
        process.signal(Signal::TERM);
        std::thread::sleep(Duration::from_millis(200));
        assert!(process.ended().unwrap().is_none(), "a stopped program does not act");
        process.end();
        assert_eq!(process.wait().unwrap().code(), Some(7), "it ended by itself and was not killed");
    }

    #[test]
    fn what_the_program_started_ends_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut process = Process::log_to("shell", &mut shell("sleep 600 & echo $!; wait"), &log).unwrap();
        let grandchild = loop {
            if let Ok(id) = std::fs::read_to_string(&log).unwrap().trim().parse::<i32>() {
                break id;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        process.end();
        // It may stay as a zombie for a moment until init has taken notice.
        let runs = || {
            let stat = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        for _ in 0..500 {
            if !runs() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("process {grandchild} still runs");
    }
}

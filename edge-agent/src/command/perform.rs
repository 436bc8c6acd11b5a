//! What each command does.

use super::Answer;
use crate::{
    clock::monotonic_ms,
    output::{Outputs, SetError},
    sample::{Refused, Request},
};
use protocol::{Command, CommandName, Outcome};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Seconds that `identify` blinks for unless told otherwise, and at most.
const BLINK_SECONDS: (f64, f64) = (10.0, 300.0);
/// Milliseconds for which a new run refuses to end: a command that an earlier run obeyed, and that comes again
/// unrecognised, must not end one run after the other.
const SETTLING_MS: u64 = 10_000;

/// Does what is commanded.
pub(super) struct Performer {
    outputs: Outputs,
    requests: mpsc::Sender<Request>,
    window_ms: u64,
    started_ms: u64,
    /// Id of the command to end that was obeyed.
    restart: Option<String>,
}

impl Performer {
    pub(super) fn new(
        outputs: Outputs,
        requests: mpsc::Sender<Request>,
        window_ms: u64,
        started_ms: u64,
    ) -> Self {
        Self { outputs, requests, window_ms, started_ms, restart: None }
    }

    /// Carries a command out; what became of it, with a line for people.
    pub(super) async fn perform(
        &mut self,
        command: &Command,
        answers: &mpsc::Sender<Answer>,
    ) -> (Outcome, String) {
        let done = match command.name {
            CommandName::Identify => self.identify(command),
            CommandName::SetOutput => self.set_output(command),
            CommandName::SetInterval => self.set_interval(command, answers).await,
            CommandName::ReadNow => self.read_now(command).await,
            CommandName::Restart => self.end(command),
            CommandName::Unknown => Err((Outcome::Refused, "no such command".to_owned())),
        };
        match done {
            Ok(message) => (Outcome::Done, message),
            Err(other) => other,
        }
    }

    /// Whether the command of this id was obeyed and is to end the agent.
    pub(super) fn take_restart(&mut self, id: &str) -> bool {
        self.restart.take_if(|restart| restart == id).is_some()
    }

    fn identify(&self, command: &Command) -> Done {
        let (usual, most) = BLINK_SECONDS;
        let seconds = only(command, "seconds")?.unwrap_or(usual);
        if !(1.0..=most).contains(&seconds) {
            return refused(format!("seconds = {seconds} cannot be: it takes 1 to {most}"));
        }
        let now_ms = monotonic_ms();
        match self.outputs.identify(now_ms, (seconds * 1000.0) as u64) {
            Ok(which) => Ok(format!("{which} for {seconds} s")),
            Err(reason) => Err((Outcome::Failed, reason)),
        }
    }

    fn set_output(&self, command: &Command) -> Done {
        match self.outputs.set(&command.arguments, monotonic_ms()) {
            Ok(()) => Ok(String::new()),
            Err(SetError::Refused(reason)) => refused(reason),
            Err(SetError::Failed(reason)) => Err((Outcome::Failed, reason)),
        }
    }

    async fn set_interval(&self, command: &Command, answers: &mpsc::Sender<Answer>) -> Done {
        let Some(seconds) = only(command, "seconds")? else {
            return refused("it takes seconds, such as {\"seconds\": 5}".to_owned());
        };
        let most = (self.window_ms as f64 / 1000.0).min(60.0);
        if !(0.1..=most).contains(&seconds) {
            return refused(format!("seconds = {seconds} cannot be: it takes 0.1 to {most}"));
        }
        let interval_ms = (seconds * 1000.0) as u64;
        self.ask(|done| Request::Interval(Duration::from_millis(interval_ms), done)).await?;
        // A publisher that is gone means that the agent is ending.
        let _ = answers.send(Answer::Interval(interval_ms)).await;
        Ok("until the agent is started or configured again".to_owned())
    }

    async fn read_now(&self, command: &Command) -> Done {
        none(command)?;
        self.ask(Request::Sample).await?;
        Ok(String::new())
    }

    fn end(&mut self, command: &Command) -> Done {
        none(command)?;
        if monotonic_ms().saturating_sub(self.started_ms) < SETTLING_MS {
            return refused(format!("started less than {} s ago", SETTLING_MS / 1000));
        }
        self.restart = Some(command.id.clone());
        Ok("ending, for the service manager to start the agent again".to_owned())
    }

    /// Asks the sampler, and waits for it to have done so.
    async fn ask(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<(), Refused>>) -> Request,
    ) -> Result<(), (Outcome, String)> {
        let ending = || (Outcome::Failed, "the agent is ending".to_owned());
        let (done, answer) = oneshot::channel();
        self.requests.send(request(done)).await.map_err(|_| ending())?;
        let answer = answer.await.map_err(|_| ending())?;
        answer.map_err(|reason| (Outcome::Refused, reason.to_string()))
    }
}

type Done = Result<String, (Outcome, String)>;

fn refused(reason: String) -> Done {
    Err((Outcome::Refused, reason))
}

/// The only argument that a command takes, if it is given.
fn only(command: &Command, known: &str) -> Result<Option<f64>, (Outcome, String)> {
    match command.arguments.keys().find(|name| *name != known) {
        Some(other) => Err((Outcome::Refused, format!("no argument {other:?}; there is {known}"))),
        None => Ok(command.arguments.get(known).copied()),
    }
}

fn none(command: &Command) -> Result<(), (Outcome, String)> {
    match command.arguments.keys().next() {
        Some(other) => Err((Outcome::Refused, format!("no argument {other:?}; it takes none"))),
        None => Ok(()),
    }
}

//! Commands over MQTT: judged one after the other, carried out, answered.
//!
//! ```text
//!  connection --16 waiting--> Commander --(judge, perform)--> sampler, outputs
//!                                       --16 waiting--> publisher (results, a new interval)
//! ```
//!
//! A full queue drops, counts and tells, so that no flood of commands holds up a sample or an acknowledgement.

mod config;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod judge;
mod memory;
mod perform;

pub use config::{CommandsConfig, EnabledCommand};
pub use judge::Received;

use crate::{clock::Moment, output::Outputs, sample::Request};
use judge::{Judge, Verdict};
use perform::Performer;
use protocol::{Command, CommandResult, Version};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// Commands that wait for those before them.
const COMMANDS: usize = 16;
/// What waits for the publisher.
const ANSWERS: usize = 16;
/// Milliseconds between two lines in the log about messages that are none of ours.
const COMPLAINT_MS: u64 = 60_000;

/// What the publisher is told.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// To be published.
    Result(CommandResult),
    /// The interval between samples is now this many milliseconds.
    Interval(u64),
}

/// Where commands are handed in. Clones are the same door.
#[derive(Debug, Clone)]
pub struct Inbox {
    sender: mpsc::Sender<Received>,
    dropped: Arc<AtomicU64>,
}

impl Inbox {
    /// Hands a message in, or drops and counts it if too many wait already.
    pub fn hand_in(&self, received: Received) {
        let full = self.sender.try_send(received).is_err();
        if full {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            // 1, 2, 4, 8 and so on: a flood of messages is no flood of lines.
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "commands come faster than they can be answered: dropped");
            }
        }
    }
}

/// The other ends of a [`Commander`]: where messages go in and answers come out.
pub struct Ends {
    /// For the connection.
    pub inbox: Inbox,
    /// For the publisher.
    pub answers: mpsc::Receiver<Answer>,
    /// Completes when the agent is to end and be started again.
    pub restart: oneshot::Receiver<()>,
}

/// Carries commands out.
pub struct Commander {
    judge: Judge,
    performer: Performer,
    messages: mpsc::Receiver<Received>,
    answers: mpsc::Sender<Answer>,
    restart: Option<oneshot::Sender<()>>,
    complained_ms: Option<u64>,
    ignored: u64,
}

impl Commander {
    /// One for a device with these outputs, whose sampler takes `requests`; its interval is at most
    /// `window_ms`. This run of the agent began at `started_ms`.
    pub fn new(
        config: CommandsConfig,
        outputs: Outputs,
        requests: mpsc::Sender<Request>,
        window_ms: u64,
        started_ms: u64,
    ) -> (Self, Ends) {
        let (sender, messages) = mpsc::channel(COMMANDS);
        let (answers, answered) = mpsc::channel(ANSWERS);
        let (restart, restarted) = oneshot::channel();
        let commander = Self {
            judge: Judge::new(config),
            performer: Performer::new(outputs, requests, window_ms, started_ms),
            messages,
            answers,
            restart: Some(restart),
            complained_ms: None,
            ignored: 0,
        };
        let inbox = Inbox { sender, dropped: Arc::default() };
        (commander, Ends { inbox, answers: answered, restart: restarted })
    }

    /// Runs until nobody hands anything in any more, or nobody takes the answers.
    pub async fn run(mut self) {
        while let Some(received) = self.messages.recv().await {
            let answer = match self.judge.judge(&received, Moment::now()) {
                Verdict::Carry(command) => self.carry_out(command).await,
                Verdict::Answer(refusal) => {
                    tracing::debug!(id = refusal.id, "command refused: {}", refusal.message);
                    refusal
                }
                Verdict::Ignore(reason) => {
                    self.complain(&reason, Moment::now().monotonic_ms);
                    continue;
                }
            };
            let id = answer.id.clone();
            if self.answers.send(Answer::Result(answer)).await.is_err() {
                return;
            }
            // Only now: the answer is on its way before the agent ends.
            if self.performer.take_restart(&id)
                && let Some(restart) = self.restart.take()
            {
                let _ = restart.send(());
            }
        }
    }

    async fn carry_out(&mut self, command: Command) -> CommandResult {
        tracing::info!(id = command.id, name = ?command.name, "command");
        let (outcome, message) = self.performer.perform(&command, &self.answers).await;
        self.judge.end(&command.id, outcome);
        CommandResult { version: Version, id: command.id, outcome, message }
    }

    fn complain(&mut self, reason: &str, now_ms: u64) {
        self.ignored += 1;
        if self.complained_ms.is_none_or(|before| now_ms.saturating_sub(before) >= COMPLAINT_MS) {
            self.complained_ms = Some(now_ms);
            tracing::warn!(ignored = self.ignored, "not understood on the command topic, ignored: {reason}");
        }
    }
}

#[cfg(test)]
mod tests;

//! The body of a fuzz target.

use super::{
    CommandsConfig, EnabledCommand, Received,
    judge::{Judge, Verdict},
};
use crate::clock::Moment;
use protocol::{ClockTrust, Outcome};

/// A message on the command topic; the first byte says how it came.
pub fn command(bytes: &[u8]) {
    let Some((how, payload)) = bytes.split_first() else { return };
    let is = |bit: u8| how & bit != 0;
    let enabled = [
        EnabledCommand::Identify,
        EnabledCommand::SetOutput,
        EnabledCommand::SetInterval,
        EnabledCommand::ReadNow,
        EnabledCommand::Restart,
    ];
    let mut judge = Judge::new(CommandsConfig { enabled: enabled.to_vec(), trust_clock: is(4) });
    let clock = if is(8) { ClockTrust::Unsynchronized } else { ClockTrust::Synchronized };
    let at = Moment { monotonic_ms: 5_000, time_ms: 1_700_000_000_000, clock };
    let received = Received { payload: payload.to_vec(), retained: is(1), again: is(2) };
    match judge.judge(&received, at) {
        Verdict::Carry(command) => {
            assert!(!received.retained && !received.again, "{command:?}");
            assert!(clock == ClockTrust::Synchronized || is(4), "by a clock that nobody trusts");
            assert!(command.expires_ms > at.time_ms, "{command:?}");
            let again = judge.judge(&received, at);
            assert!(
                matches!(&again, Verdict::Answer(result) if result.outcome == Outcome::Refused),
                "{again:?}"
            );
        }
        Verdict::Answer(result) => {
            assert_eq!(result.outcome, Outcome::Refused);
            assert!(!result.id.is_empty() && result.id.len() <= payload.len());
            assert!(result.message.len() < 10_000, "as long as {}", result.message.len());
            serde_json::to_vec(&result).expect("a result has a JSON form");
        }
        Verdict::Ignore(reason) => assert!(reason.len() < 1_000, "{reason}"),
    }
}

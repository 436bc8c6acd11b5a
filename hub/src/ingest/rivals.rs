//! Notices two agents that call themselves by one device id: each announces itself again and again, as the
//! broker drops the one for the other.

use protocol::{Birth, BootId};

#[derive(Debug, Clone)]
struct Announced {
    run: BootId,
    monotonic_ms: u64,
    hostname: String,
}

/// The last two runs of a device's agent that were announced.
#[derive(Debug, Default)]
pub struct Rivals {
    latest: Option<Announced>,
    /// There is none while the agent runs on.
    before: Option<Box<Announced>>,
}

impl Rivals {
    /// Takes note of a birth. Returns the host name of the other agent if this one was superseded by it and yet goes
    /// on: a run that has ended is never announced again.
    pub fn hear(&mut self, birth: &Birth) -> Option<String> {
        let now = Announced {
            run: birth.stamp.boot.clone(),
            monotonic_ms: birth.stamp.monotonic_ms,
            hostname: birth.hostname.clone(),
        };
        match &mut self.latest {
            Some(latest) if latest.run == now.run => {
                *latest = now;
                None
            }
            _ => {
                let goes_on =
                    |before: &Announced| before.run == now.run && before.monotonic_ms < now.monotonic_ms;
                let returns = self.before.as_deref().is_some_and(goes_on);
                self.before = self.latest.replace(now).map(Box::new);
                self.before.as_ref().filter(|_| returns).map(|other| other.hostname.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(run: &str, monotonic_ms: u64) -> Birth {
        let json = serde_json::json!({
            "version": 1, "boot": run, "monotonic_ms": monotonic_ms, "time_ms": 1, "clock": "synchronized",
            "machine_boot": "m", "agent_version": "0.1.0", "hostname": format!("host-{run}"), "os": "Debian",
            "arch": "aarch64", "interval_ms": 5000, "window_ms": 60000, "metrics": [],
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_run_that_returns_after_another_is_two_agents() {
        let mut rivals = Rivals::default();
        let mut hear = |run, at_ms| rivals.hear(&birth(run, at_ms));
        assert_eq!([hear("a", 1), hear("a", 2), hear("b", 1), hear("c", 1)], [None, None, None, None]);
        assert_eq!(hear("b", 1), None, "a broker's copy");
        assert_eq!(hear("c", 9).as_deref(), Some("host-b"));
        assert_eq!(hear("b", 9).as_deref(), Some("host-c"));
    }
}

//! Notices another agent with the id of this one. A broker keeps one connection for an id, so the two throw
//! each other out, and neither sees more of it than that its connection breaks.

use protocol::{BootId, Stamp};
use serde::Deserialize;

/// What of a birth tells whose it is.
#[derive(Deserialize)]
struct Who {
    #[serde(flatten)]
    stamp: Stamp,
    hostname: String,
}

/// Compares the births on this device's topic with our own.
#[derive(Debug, Default)]
pub(super) struct Rival {
    /// The last that was not ours: its run, and when it was announced by that machine's monotonic time.
    seen: Option<(BootId, u64)>,
    told: Option<BootId>,
}

impl Rival {
    /// Takes note of a birth. Returns the host name of another agent, once for each of its runs: one that has
    /// announced itself twice meanwhile. What a broker keeps of an earlier run of ours never does.
    pub(super) fn hear(&mut self, birth: &[u8], ours: &BootId) -> Option<String> {
        let Who { stamp: Stamp { boot, monotonic_ms, .. }, hostname } = serde_json::from_slice(birth).ok()?;
        if boot == *ours || self.told.as_ref() == Some(&boot) {
            return None;
        }
        let (before, at_ms) = self.seen.replace((boot.clone(), monotonic_ms))?;
        if before != boot || at_ms >= monotonic_ms {
            return None;
        }
        self.told = Some(boot);
        Some(hostname)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(boot: &str, monotonic_ms: u64) -> Vec<u8> {
        let text =
            r#"{"monotonic_ms":AT,"boot":"BOOT","time_ms":1,"clock":"synchronized","hostname":"attic"}"#;
        text.replace("BOOT", boot).replace("AT", &monotonic_ms.to_string()).into_bytes()
    }

    #[test]
    fn only_who_goes_on_announcing_itself_is_another_agent() {
        let ours: BootId = "ours".parse().unwrap();
        let mut rival = Rival::default();
        let mut hear = |boot, at_ms| rival.hear(&birth(boot, at_ms), &ours);
        assert_eq!(hear("ours", 1), None);
        assert_eq!([hear("before", 5), hear("ours", 9), hear("before", 5)], [None, None, None], "kept");
        assert_eq!(hear("other", 7), None);
        assert_eq!(hear("other", 8).as_deref(), Some("attic"));
        assert_eq!(hear("other", 9), None, "told once");
        assert_eq!(rival.hear(b"no birth", &ours), None);
    }
}

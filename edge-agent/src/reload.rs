//! Noticing that the configuration is to be read again.

use std::{fs, io, os::unix::fs::MetadataExt, path::PathBuf, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep},
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long a file that changed must then stay as it is: an editor may be in the middle of writing it.
const SETTLE: Duration = Duration::from_secs(1);

/// What tells one state of a file from another; `None` while it is not there.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// Waits for a reason to read the configuration again: SIGHUP, or a file that is not as it was.
pub(crate) struct Watch {
    path: PathBuf,
    seen: Stamp,
    hangup: Signal,
    looks: Interval,
}

impl Watch {
    /// Watches the file at `path`, whether it is there already or not. From now on SIGHUP does not end the
    /// process. To be called within a tokio runtime, before the file is read: what changes later is seen.
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        let mut looks = interval_at(Instant::now() + LOOK, LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (seen, hangup) = (stamp(&path), signal(SignalKind::hangup())?);
        Ok(Self { path, seen, hangup, looks })
    }

    /// Completes when the configuration is to be read again, and says why.
    pub(crate) async fn changed(&mut self) -> &'static str {
        loop {
            tokio::select! {
                // Without a signal handler there would be no watch.
                _ = self.hangup.recv() => {
                    self.seen = stamp(&self.path);
                    return "SIGHUP";
                }
                _ = self.looks.tick() => {}
            }
            let mut now = stamp(&self.path);
            // A file that is gone may be about to be replaced; what it said last goes on to hold.
            while now.is_some() && now != self.seen {
                sleep(SETTLE).await;
                let later = stamp(&self.path);
                if later == now {
                    self.seen = now;
                    return "the file changed";
                }
                now = later;
            }
        }
    }
}

/// Replacing a file by another, as editors do, gives another inode; writing into it another time or size.
fn stamp(path: &PathBuf) -> Stamp {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for two looks and the settling; the clock of the tests does not run in real time.
    const LONG: Duration = Duration::from_secs(20);

    async fn notices(watch: &mut Watch) -> bool {
        tokio::time::timeout(LONG, watch.changed()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn every_way_of_changing_a_file_is_noticed_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.toml");
        let mut watch = Watch::new(path.clone()).unwrap();
        assert!(!notices(&mut watch).await, "there is no file");
        fs::write(&path, "a").unwrap();
        assert!(notices(&mut watch).await, "it is there now");
        assert!(!notices(&mut watch).await, "that was told");
        fs::write(&path, "ab").unwrap();
        assert!(notices(&mut watch).await, "written into");
        let other = dir.path().join("agent.toml.new");
        fs::write(&other, "ab").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(notices(&mut watch).await, "replaced by one with the same text");
        fs::remove_file(&path).unwrap();
        assert!(!notices(&mut watch).await, "gone: nothing to read");
    }
}

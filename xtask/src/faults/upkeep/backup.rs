//! Backups that are killed, or whose hub is: whole, or not there.

use std::fs;
use std::path::Path;

use anyhow::Context;
use rustix::process::Signal;

use super::{AGO_DAYS, Campaign, hub, read};
use crate::faults::{export, programs};
use crate::process::Process;
use crate::run;

/// Longest time until a backup is killed after it has begun: some are done by then.
const KILL_WITHIN_MS: u64 = 25;

/// Makes a backup and kills it, or the hub under it; then looks at what is there.
pub(super) fn round(campaign: &mut Campaign<'_>, round: u64, kill_the_hub: bool) -> anyhow::Result<()> {
    let file = campaign.dir.join(format!("backup-{round}.db"));
    let part = file.with_extension("db.part");
    let promised = campaign.record.clone();
    let mut command = run::command(&programs::binary("hub"), ["backup"]);
    command.arg(&file).arg("--data").arg(campaign.hub.disk.data());
    let mut backup =
        Process::log_to("backup", &mut command, &campaign.dir.join(format!("backup-{round}.log")))?;
    super::await_file(&part);
    campaign.pause(0, KILL_WITHIN_MS);
    if kill_the_hub {
        campaign.kill_hub()?;
    } else {
        backup.signal(Signal::KILL);
    }
    let ended = backup.wait()?;
    if ended.success() && !file.exists() {
        campaign.tally.complaints.push(format!("backup {round} succeeded and is not there"));
    }
    for (path, is_part) in [(&file, false), (&part, true)] {
        if !path.exists() {
            campaign.tally.backups_none += u64::from(!is_part);
            continue;
        }
        let elsewhere = campaign.dir.join(format!("restored-{round}-{is_part}"));
        let restored = match restored(path, &elsewhere) {
            Ok(restored) => restored,
            Err(error) => {
                campaign
                    .tally
                    .complaints
                    .push(format!("backup {round} is put in place and cannot be read: {error}"));
                Some(Vec::new())
            }
        };
        match restored {
            Some(points) => {
                let told = promised_of(&promised, &points, campaign);
                campaign.tally.complaints.extend(told.iter().map(|line| format!("backup {round}: {line}")));
                campaign.tally.backups_whole += u64::from(told.is_empty());
            }
            None if is_part => campaign.tally.parts_refused += 1,
            None => campaign.tally.complaints.push(format!("backup {round} is there and is refused")),
        }
        let _ = fs::remove_dir_all(&elsewhere);
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// What a backup must have: what was acknowledged before it began. What came meanwhile it may have.
fn promised_of(
    promised: &super::record::Record,
    points: &[super::record::Found],
    campaign: &Campaign<'_>,
) -> Vec<String> {
    let sent = campaign.record.sent.clone();
    let record = super::record::Record { sent, ..promised.clone() };
    // How much the hub had forgotten by then is not known, but hours tell of that.
    let kept_ms = record.base_ms + AGO_DAYS * super::DAY_MS;
    record.complaints(points, kept_ms, false)
}

/// Puts a backup in place elsewhere and reads it; nothing if it is refused, and then nothing may be in place.
fn restored(file: &Path, data: &Path) -> anyhow::Result<Option<Vec<super::record::Found>>> {
    let name = file.to_string_lossy();
    let output = export::hub(data, None, &["restore", &name])?;
    if output.status.success() {
        return read::exported(data).map(Some);
    }
    anyhow::ensure!(!data.join(hub::STORE).exists(), "{name} was refused and is in place all the same");
    Ok(None)
}

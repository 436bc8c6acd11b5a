//! `doctor`: what is there, and what is wrong.

use super::{
    CommandError, Place,
    progress::{Progress, megabytes},
};
use crate::{
    asked::time::written,
    store::{postgresql, sqlite},
};
use common::exit;

pub(super) fn doctor(store: &Place) -> Result<u8, CommandError> {
    let progress = Progress::new();
    let mut watch = |what: &'static str, done: u64, whole: u64| {
        // Rarely enough to cost nothing beside the reading.
        if done.is_multiple_of(500) {
            progress.show(&format!("looking at {what}: {done} of {whole}"));
        }
    };
    let found = match store {
        Place::File(path) => sqlite::examine(path, &mut watch),
        Place::Database(settings) => postgresql::examine(settings, &mut watch),
    };
    drop(progress);
    let found = found?;
    let line = |what: &str, text: String| println!("{what:<10} {text}");
    let times = |range: Option<(i64, i64)>| {
        range.map_or(String::new(), |(first, last)| format!(", {} to {}", written(first), written(last)))
    };
    line("store", format!("{store}, {}, schema {}", megabytes(found.bytes), found.schema));
    if let Some(bytes) = found.free_bytes {
        line("free", format!("{} of it, to be used again", megabytes(bytes)));
    }
    line("devices", found.devices.to_string());
    line("waiting", format!("{} summaries, not packed yet{}", found.waiting.0, times(found.waiting.1)));
    for (tier, what) in found.tiers.iter().zip(["minutes", "hours"]) {
        line(what, format!("{} points in {} chunks{}", tier.points, tier.chunks, times(tier.range)));
    }
    if found.problems.is_empty() {
        line("wrong", "nothing".to_owned());
        return Ok(exit::CLEAN);
    }
    found.problems.iter().for_each(|problem| line("wrong", problem.clone()));
    let (copy, back) = match store {
        Place::File(_) => ("Make a copy of the directory", "hub restore FILE"),
        Place::Database(_) => ("Make a copy of the database (pg_dump)", "pg_restore or psql"),
    };
    println!("\n{copy} before anything else. Then restore the last good backup ({back}).");
    println!(
        "Without one: `hub export` still reads what is not damaged, and `hub import` puts it into a new store."
    );
    Ok(exit::FAILURE)
}

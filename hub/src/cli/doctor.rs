//! `doctor`: what is there, and what is wrong.

use super::{CommandError, progress::megabytes};
use crate::{asked::time::written, store::sqlite};
use common::exit;
use std::path::Path;

pub(super) fn doctor(store: &Path) -> Result<u8, CommandError> {
    let found = sqlite::examine(store)?;
    let line = |what: &str, text: String| println!("{what:<10} {text}");
    let times = |range: Option<(i64, i64)>| {
        range.map_or(String::new(), |(first, last)| format!(", {} to {}", written(first), written(last)))
    };
    line("store", format!("{}, {}, schema {}", store.display(), megabytes(found.bytes), found.schema));
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
    println!(
        "\nMake a copy of the directory before anything else. Then restore the last good backup (hub restore FILE)."
    );
    println!(
        "Without one: `hub export` still reads what is not damaged, and `hub import` puts it into a new store."
    );
    Ok(exit::FAILURE)
}

//! Reads the store beside the hub, by its file: Debian's `sqlite3` and SQL of our own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::account::{Row, Source};

/// Without the index, which is what would keep a row from being there twice.
const ROWS: &str = "SELECT device, boot, sequence, json_extract(body, '$.monotonic_ms'),
    json_extract(body, '$.boot') = boot AND json_extract(body, '$.sequence') = sequence
    FROM summaries NOT INDEXED";

/// All summaries of the file, in no order.
pub(super) fn rows(file: &Path) -> anyhow::Result<Vec<Row>> {
    query(file, ROWS)?
        .lines()
        .map(|line| row(line).with_context(|| format!("not understood: {line}")))
        .collect()
}

/// What SQLite finds wrong with the file itself; nothing if it is whole.
pub(super) fn damage(file: &Path) -> anyhow::Result<Option<String>> {
    let found = query(file, "PRAGMA integrity_check")?;
    Ok((found.trim() != "ok").then_some(found))
}

/// Rows of a table.
pub(super) fn count(file: &Path, table: &str) -> anyhow::Result<u64> {
    number(file, &format!("SELECT count(*) FROM {table}"))
}

/// The version of the schema.
pub(super) fn version(file: &Path) -> anyhow::Result<u64> {
    number(file, "PRAGMA user_version")
}

/// Changes the file.
pub(super) fn change(file: &Path, sql: &str) -> anyhow::Result<()> {
    query(file, sql).map(drop)
}

fn number(file: &Path, sql: &str) -> anyhow::Result<u64> {
    let text = query(file, sql)?;
    text.trim().parse().with_context(|| format!("no number: {text:?}"))
}

fn query(file: &Path, sql: &str) -> anyhow::Result<String> {
    let mut command = Command::new("sqlite3");
    command.args(["-batch", "-bail", "-noheader", "-separator", "|"]).arg(file).arg(sql);
    let output = command.output().context("cannot run sqlite3")?;
    if !output.status.success() {
        bail!("sqlite3 cannot read {}: {}", file.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn row(line: &str) -> Option<Row> {
    let [device, boot, sequence, monotonic_ms, agrees] =
        line.split('|').collect::<Vec<_>>().try_into().ok()?;
    let source = Source { device: device.to_owned(), boot: boot.to_owned() };
    Some(Row {
        key: (source, sequence.parse().ok()?),
        // A body without these is another summary's.
        monotonic_ms: monotonic_ms.parse().unwrap_or(0),
        body_agrees: agrees == "1",
        packed: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_and_bodies_compared() {
        if !crate::run::exists("sqlite3") {
            eprintln!("left out: sqlite3 is not installed");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("edgewise.db");
        let body = |boot: &str, sequence: u64| {
            format!(r#"{{"boot":"{boot}","sequence":{sequence},"monotonic_ms":{}}}"#, sequence * 10)
        };
        let sql = format!(
            "CREATE TABLE summaries (device TEXT, boot TEXT, sequence INTEGER, body TEXT);
             INSERT INTO summaries VALUES ('roof', 'b', 1, '{}'), ('roof', 'b', 1, '{}'), ('roof', 'b', 2, '{}'),
                 ('roof', 'b', 3, '{}')",
            body("b", 1),
            body("b", 1),
            body("other", 2),
            body("b", 4),
        );
        query(&file, &sql).unwrap();
        let rows = rows(&file).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.key.1, row.monotonic_ms, row.body_agrees)).collect();
        assert_eq!(found, [(1, 10, true), (1, 10, true), (2, 20, false), (3, 40, false)]);
        assert_eq!(rows[0].key.0, Source { device: "roof".into(), boot: "b".into() });
        assert_eq!(damage(&file).unwrap(), None);
        assert!(damage(dir.path()).is_err());
    }
}

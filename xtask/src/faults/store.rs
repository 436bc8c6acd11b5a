//! Reads the store beside the hub, by its file: Debian's `sqlite3` and SQL of our own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::account::{Row, Source};

/// Of a body only the head, which says whose it is: a format and two numbers of at most ten bytes.
const ROWS: &str = "SELECT device, boot, sequence, hex(substr(body, 1, 21)) FROM summaries";
/// The format of a body that is understood here.
const FORMAT: u8 = 1;

/// All summaries of the file, in no order.
pub(super) fn rows(file: &Path) -> anyhow::Result<Vec<Row>> {
    query(file, ROWS)?
        .lines()
        .map(|line| row(line).with_context(|| format!("not understood: {line}")))
        .collect()
}

/// Lines that a statement gives, with `|` between the fields.
pub(super) fn lines(file: &Path, sql: &str) -> anyhow::Result<Vec<String>> {
    Ok(query(file, sql)?.lines().map(str::to_owned).collect())
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
    let [device, boot, sequence, body] = line.split('|').collect::<Vec<_>>().try_into().ok()?;
    let source = Source { device: device.to_owned(), boot: boot.to_owned() };
    let sequence = sequence.parse().ok()?;
    // A body without these is another summary's.
    let (found, monotonic_ms) = head(body).unwrap_or_default();
    Some(Row { key: (source, sequence), monotonic_ms, body_agrees: found == sequence, packed: false })
}

/// Sequence and monotonic milliseconds at the beginning of a body.
fn head(hex: &str) -> Option<(u64, u64)> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    let mut bytes = bytes?.into_iter();
    let number = |bytes: &mut std::vec::IntoIter<u8>| {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = bytes.next()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    };
    (bytes.next()? == FORMAT).then_some(())?;
    Some((number(&mut bytes)?, number(&mut bytes)?))
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
        // 300 is AC 02 there, and what follows are figures.
        let sql = "CREATE TABLE summaries (device TEXT, boot TEXT, sequence INTEGER, body BLOB);
             INSERT INTO summaries VALUES ('roof', 'b', 1, x'01010A6363'), ('roof', 'b', 1, x'01010A'),
                 ('roof', 'b', 300, x'01AC02AC0201'), ('roof', 'b', 3, x'010428'), ('roof', 'b', 4, x'020428'),
                 ('roof', 'b', 5, x'0105')";
        query(&file, sql).unwrap();
        let rows = rows(&file).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.key.1, row.monotonic_ms, row.body_agrees)).collect();
        let unlike = [(3, 40, false), (4, 0, false), (5, 0, false)];
        assert_eq!(found, [&[(1, 10, true), (1, 10, true), (300, 300, true)][..], &unlike].concat());
        assert_eq!(rows[0].key.0, Source { device: "roof".into(), boot: "b".into() });
        assert_eq!(damage(&file).unwrap(), None);
        assert!(damage(dir.path()).is_err());
    }
}

//! `export`: history as a table.

use super::{
    CommandError, Place, parquet,
    progress::Progress,
    table::{Format, Line, Window},
};
use crate::{
    asked::{
        pattern::{Devices, Pattern},
        time::{MAX_MS, When},
    },
    clock,
    store::{
        Span,
        fold::{DAY_MS, HOUR_MS},
        postgresql, sqlite,
    },
};
use protocol::{DeviceId, MetricName};
use std::{
    fs::OpenOptions,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// How much time is read at once.
const PART_MS: i64 = 30 * DAY_MS;

/// What is exported, and how.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A device, or a pattern with `*`; may be given several times [default: all]
    #[arg(long, value_name = "DEVICE", value_parser = Devices::parse)]
    device: Vec<Devices>,

    /// A metric, or a pattern with `*`; may be given several times [default: all]
    #[arg(long, value_name = "METRIC", value_parser = Pattern::<MetricName>::parse)]
    metric: Vec<Pattern>,

    /// Start: 2026-03-01T00:00:00Z, or -30d [default: the beginning]
    #[arg(long, value_name = "TIME", value_parser = When::parse, allow_hyphen_values = true)]
    from: Option<When>,

    /// End: 2026-03-01T00:00:00Z, now, or -7d [default: now]
    #[arg(long, value_name = "TIME", value_parser = When::parse, allow_hyphen_values = true)]
    to: Option<When>,

    /// How to write it
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,

    /// A file to write to; it must not be there [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A table under way.
enum Table<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Json(W),
    Parquet(Box<parquet::Table<W>>),
}

impl<W: Write + Send> Table<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.serialize(line).map_err(io::Error::from),
            Self::Json(writer) => {
                serde_json::to_writer(&mut *writer, line)?;
                writer.write_all(b"\n")
            }
            Self::Parquet(table) => table.line(line),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Json(mut writer) => writer.flush(),
            Self::Parquet(table) => table.finish(),
        }
    }
}

pub(super) fn export(store: Place, options: &Options) -> Result<(), CommandError> {
    let target = options.output.as_deref().unwrap_or(Path::new("standard output"));
    if options.format == Format::Parquet && options.output.is_none() && io::stdout().is_terminal() {
        return Err(CommandError::Asked(
            "a Parquet file is nothing to look at: name a file with --output".to_owned(),
        ));
    }
    let opened: io::Result<Box<dyn Write + Send>> = match &options.output {
        Some(path) => {
            OpenOptions::new().write(true).create_new(true).open(path).map(|file| Box::new(file) as _)
        }
        None => Ok(Box::new(io::stdout())),
    };
    let writer = BufWriter::new(opened.map_err(|error| CommandError::file(target, error))?);
    let mut table = match options.format {
        Format::Csv => Table::Csv(Box::new(csv::Writer::from_writer(writer))),
        Format::Json => Table::Json(writer),
        Format::Parquet => {
            let table = parquet::Table::new(writer).map_err(|error| CommandError::file(target, error))?;
            Table::Parquet(Box::new(table))
        }
    };
    match lines(store, options, &mut |line| table.line(line))
        .and_then(|()| table.finish().map_err(|error| CommandError::file(target, error)))
    {
        // Who reads it has read enough: `hub export | head`.
        Err(CommandError::File { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn lines(
    store: Place,
    options: &Options,
    write: &mut dyn FnMut(&Line) -> io::Result<()>,
) -> Result<(), CommandError> {
    let (reader, known) = match store {
        Place::File(path) => sqlite::reader(&path)?,
        Place::Database(settings) => postgresql::reader(*settings)?,
    };
    let to_ms = options.to.map_or(clock::now_ms(), |when| when.resolve(clock::now_ms()));
    let from_ms = options.from.map_or(0, |when| when.resolve(to_ms));
    if from_ms >= to_ms {
        return Err(CommandError::Asked("--from must be before --to".to_owned()));
    }
    let minutes_since_ms = reader.minutes_since_ms()?.unwrap_or(0);
    let failed =
        |error| CommandError::file(options.output.as_deref().unwrap_or(Path::new("standard output")), error);
    let progress = Progress::new();
    let devices: Vec<DeviceId> = known.into_iter().filter(|device| meant(&options.device, device)).collect();
    if devices.is_empty() {
        return Err(CommandError::Asked(
            "no device of the store is meant: see `hub doctor`, or leave --device out".to_owned(),
        ));
    }
    for (number, device) in devices.iter().enumerate() {
        let mut metrics = reader.metrics(device)?;
        metrics.retain(|metric| meant(&options.metric, metric));
        for metric in metrics {
            progress.show(&format!("export: {device} ({} of {}), {metric}", number + 1, devices.len()));
            for (window, span) in parts(from_ms, to_ms, minutes_since_ms) {
                let series = reader.history(device, std::slice::from_ref(&metric), &span)?;
                for point in series.iter().flat_map(|series| &series.points) {
                    write(&Line::new(device, &metric, window, point)).map_err(failed)?;
                }
            }
        }
    }
    Ok(())
}

/// Summaries where they are kept, hours before that.
fn parts(from_ms: i64, to_ms: i64, minutes_since_ms: i64) -> Vec<(Window, Span)> {
    let mut parts = Vec::new();
    // Whole hours only: one that is half in the time is left out.
    let first_hour = (from_ms + HOUR_MS - 1).div_euclid(HOUR_MS) * HOUR_MS;
    let last_hour = to_ms.min(minutes_since_ms).div_euclid(HOUR_MS) * HOUR_MS;
    let mut cut = |window, start: i64, end: i64, step_ms| {
        let mut from_ms = start;
        while from_ms < end {
            let to_ms = from_ms.saturating_add(PART_MS).min(end);
            parts.push((window, Span { from_ms, to_ms, step_ms }));
            from_ms = to_ms;
        }
    };
    cut(Window::Hour, first_hour, last_hour, Some(HOUR_MS));
    cut(Window::Summary, from_ms.max(minutes_since_ms), to_ms.min(MAX_MS), None);
    parts
}

/// Whether a name is asked for; without patterns every one is.
fn meant<N>(patterns: &[Pattern<N>], name: &N) -> bool
where
    N: std::fmt::Display + PartialEq + std::str::FromStr,
    N::Err: std::fmt::Display,
{
    patterns.is_empty()
        || patterns.iter().any(|pattern| match pattern {
            Pattern::Name(wanted) => wanted == name,
            Pattern::Glob(_) => pattern.matches(&name.to_string()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_written_where_summaries_are_gone() {
        let day = |window, from: i64, to: i64, step_ms| {
            (window, Span { from_ms: from * DAY_MS, to_ms: to * DAY_MS, step_ms })
        };
        assert_eq!(parts(0, 10 * DAY_MS, 0), [day(Window::Summary, 0, 10, None)]);
        assert_eq!(
            parts(DAY_MS, 70 * DAY_MS, 35 * DAY_MS),
            [
                day(Window::Hour, 1, 31, Some(HOUR_MS)),
                day(Window::Hour, 31, 35, Some(HOUR_MS)),
                day(Window::Summary, 35, 65, None),
                day(Window::Summary, 65, 70, None),
            ]
        );
        assert_eq!(parts(5, 10, 35 * DAY_MS), [], "no whole hour");
    }
}

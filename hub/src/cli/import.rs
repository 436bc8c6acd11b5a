//! `import`: reads a table that `export` wrote.

use super::{
    CommandError, Place,
    progress::Progress,
    table::{Format, Line, Window},
};
use crate::store::{
    Point,
    import::{Import as Importing, Imported},
    postgresql::PostgresStore,
    sqlite::SqliteStore,
};
use protocol::{DeviceId, MetricName};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

/// Most points that are imported in one go.
const MAX_POINTS: usize = 50_000;

/// What is imported.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The table
    file: PathBuf,

    /// How it is written [default: by the ending of its name]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// Points of one metric that stand one after the other.
struct Group {
    device: DeviceId,
    metric: MetricName,
    window: Window,
    points: Vec<Point>,
}

struct Import {
    store: Box<dyn Importing>,
    progress: Progress,
    group: Option<Group>,
    sum: Imported,
}

pub(super) fn import(store: Place, options: &Options) -> Result<(), CommandError> {
    let path = &options.file;
    let format = options.format.or_else(|| Format::of(path)).ok_or_else(|| {
        CommandError::Asked(format!("{}: say with --format whether it is csv or json", path.display()))
    })?;
    if format == Format::Parquet {
        return Err(CommandError::Asked(
            "a Parquet file cannot be imported: export as csv or json".to_owned(),
        ));
    }
    let file = BufReader::new(File::open(path).map_err(|error| CommandError::file(path, error))?);
    let store: Box<dyn Importing> = match store {
        Place::File(path) => Box::new(SqliteStore::open(&path)?),
        Place::Database(settings) => Box::new(PostgresStore::open(*settings)?),
    };
    let mut import = Import { store, progress: Progress::new(), group: None, sum: Imported::default() };
    let wrong =
        |line: u64, reason: String| CommandError::Line { path: path.display().to_string(), line, reason };
    match format {
        Format::Csv => {
            let mut reader = csv::Reader::from_reader(file);
            let lines = reader.headers().cloned().map_err(|error| wrong(1, error.to_string()))?;
            let mut record = csv::StringRecord::new();
            while reader.read_record(&mut record).map_err(|error| wrong(at(&error), error.to_string()))? {
                let line = record.position().map_or(0, csv::Position::line);
                let parsed =
                    record.deserialize(Some(&lines)).map_err(|error| wrong(line, error.to_string()))?;
                import.line(parsed, |reason| wrong(line, reason))?;
            }
        }
        Format::Json | Format::Parquet => {
            for (number, text) in (1..).zip(file.lines()) {
                let text = text.map_err(|error| CommandError::file(path, error))?;
                let parsed = serde_json::from_str(&text).map_err(|error| wrong(number, error.to_string()))?;
                import.line(parsed, |reason| wrong(number, reason))?;
            }
        }
    }
    import.write()?;
    let Imported { added, present, outdated } = import.sum;
    drop(import);
    println!("{added} points imported, {present} were there already");
    if outdated > 0 {
        println!("{outdated} summaries were left out: their time is before what is kept one by one");
    }
    Ok(())
}

fn at(error: &csv::Error) -> u64 {
    error.position().map_or(0, csv::Position::line)
}

impl Import {
    fn line(&mut self, line: Line, wrong: impl Fn(String) -> CommandError) -> Result<(), CommandError> {
        let point = line.point().map_err(wrong)?;
        let same = |group: &Group| {
            group.device == line.device
                && group.metric == line.metric
                && group.window == line.window
                && group.points.len() < MAX_POINTS
        };
        if !self.group.as_ref().is_some_and(same) {
            self.write()?;
        }
        let Line { device, metric, window, .. } = line;
        let group = self.group.get_or_insert_with(|| Group { device, metric, window, points: Vec::new() });
        group.points.push(point);
        Ok(())
    }

    fn write(&mut self) -> Result<(), CommandError> {
        let Some(Group { device, metric, window, points }) = self.group.take() else { return Ok(()) };
        self.progress.show(&format!("import: {device}, {metric}"));
        let imported = match window {
            Window::Summary => self.store.import_summaries(&device, &metric, &points)?,
            Window::Hour => self.store.import_hours(&device, &metric, &points)?,
        };
        self.sum.added += imported.added;
        self.sum.present += imported.present;
        self.sum.outdated += imported.outdated;
        Ok(())
    }
}

//! The table as a Parquet file: for notebooks and databases that read columns. Decision 40 says why this crate.

use super::table::{Line, TimedBy, Window};
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Lines of a row group, all of which are in memory: some 6 MB.
const GROUP: usize = 50_000;

/// A Parquet file under way.
pub(super) struct Table<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Columns,
}

/// The lines that wait for their row group, column by column.
#[derive(Default)]
struct Columns {
    device: Vec<ByteArray>,
    metric: Vec<ByteArray>,
    time: Vec<i64>,
    window: Vec<ByteArray>,
    mean: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
    last: Vec<f64>,
    /// 1 where there is a last reading, 0 where there is none.
    has_last: Vec<i16>,
    count: Vec<i64>,
    timed_by: Vec<ByteArray>,
}

/// The columns as the other formats have them; `time` is in milliseconds, UTC.
fn schema() -> Result<Type> {
    let text = |name| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::REQUIRED)
            .build()
    };
    let number = |name, physical, repetition| {
        Type::primitive_type_builder(name, physical).with_repetition(repetition).build()
    };
    let figure = |name| number(name, Physical::DOUBLE, Repetition::REQUIRED);
    let time = Type::primitive_type_builder("time", Physical::INT64)
        .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MILLIS)))
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let fields = [
        text("device")?,
        text("metric")?,
        time,
        text("window")?,
        figure("mean")?,
        figure("min")?,
        figure("max")?,
        number("last", Physical::DOUBLE, Repetition::OPTIONAL)?,
        number("count", Physical::INT64, Repetition::REQUIRED)?,
        text("timed_by")?,
    ];
    Type::group_type_builder("history").with_fields(fields.map(Arc::new).into()).build()
}

impl<W: Write + Send> Table<W> {
    /// Begins a file.
    pub(super) fn new(target: W) -> io::Result<Self> {
        let schema = schema().map_err(unwritten)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file =
            SerializedFileWriter::new(target, Arc::new(schema), Arc::new(properties)).map_err(unwritten)?;
        Ok(Self { file, group: Columns::default() })
    }

    /// Adds a line; what fills a row group is written.
    pub(super) fn line(&mut self, line: &Line) -> io::Result<()> {
        self.group.add(line);
        if self.group.time.len() == GROUP { self.write_group() } else { Ok(()) }
    }

    /// Writes what waits, and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_group()?;
        self.file.finish().map(drop).map_err(unwritten)?;
        self.file.inner_mut().flush()
    }

    fn write_group(&mut self) -> io::Result<()> {
        let columns = std::mem::take(&mut self.group);
        if columns.time.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group().map_err(unwritten)?;
        columns.write(&mut group).map_err(unwritten)?;
        group.close().map(drop).map_err(unwritten)
    }
}

impl Columns {
    fn add(&mut self, line: &Line) {
        self.device.push(line.device.as_str().into());
        self.metric.push(line.metric.as_str().into());
        self.time.push(line.time_ms);
        self.window.push(match line.window {
            Window::Summary => "summary".into(),
            Window::Hour => "hour".into(),
        });
        self.mean.push(line.mean);
        self.min.push(line.min);
        self.max.push(line.max);
        self.last.extend(line.last);
        self.has_last.push(i16::from(line.last.is_some()));
        self.count.push(i64::try_from(line.count).unwrap_or(i64::MAX));
        self.timed_by.push(match line.timed_by {
            TimedBy::Device => "device".into(),
            TimedBy::Hub => "hub".into(),
        });
    }

    fn write<W: Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        enum Column {
            Text(Vec<ByteArray>),
            Whole(Vec<i64>),
            Figure(Vec<f64>, Option<Vec<i16>>),
        }
        // In the order of the schema.
        let columns = [
            Column::Text(self.device),
            Column::Text(self.metric),
            Column::Whole(self.time),
            Column::Text(self.window),
            Column::Figure(self.mean, None),
            Column::Figure(self.min, None),
            Column::Figure(self.max, None),
            Column::Figure(self.last, Some(self.has_last)),
            Column::Whole(self.count),
            Column::Text(self.timed_by),
        ];
        for column in columns {
            let mut open = group.next_column()?.ok_or_else(other_schema)?;
            match (open.untyped(), &column) {
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text(values)) => {
                    writer.write_batch(values, None, None)
                }
                (ColumnWriter::Int64ColumnWriter(writer), Column::Whole(values)) => {
                    writer.write_batch(values, None, None)
                }
                (ColumnWriter::DoubleColumnWriter(writer), Column::Figure(values, there)) => {
                    writer.write_batch(values, there.as_deref(), None)
                }
                _ => Err(other_schema()),
            }?;
            open.close()?;
        }
        Ok(())
    }
}

fn other_schema() -> ParquetError {
    ParquetError::General("a column is not as the schema says".to_owned())
}

/// What went wrong with the target is told as it is.
fn unwritten(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;

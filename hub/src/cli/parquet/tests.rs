//! Read back by the crate's own reader, which goes by the file alone.

use super::*;
use crate::store::Point;
use bytes::Bytes;
use parquet::{
    file::{
        metadata::RowGroupMetaData,
        reader::{FileReader, SerializedFileReader},
        statistics::Statistics,
    },
    record::RowAccessor,
};

fn line(number: i64) -> Line {
    let mean = number as f64 / 8.0;
    let point = Point {
        time_ms: 1_700_000_000_000 + number * 60_000,
        mean,
        min: mean - 1.0,
        max: mean + 1.0,
        last: (number % 3 != 0).then_some(mean + 0.5),
        count: 12,
        by_device: number % 7 != 0,
    };
    let window = if number < 10 { Window::Hour } else { Window::Summary };
    Line::new(&"roof".parse().unwrap(), &"a_percent".parse().unwrap(), window, &point)
}

fn written(lines: i64) -> SerializedFileReader<Bytes> {
    let mut file = Vec::new();
    let mut table = Table::new(&mut file).unwrap();
    (0..lines).for_each(|number| table.line(&line(number)).unwrap());
    table.finish().unwrap();
    SerializedFileReader::new(Bytes::from(file)).unwrap()
}

#[test]
fn what_was_written_is_read_in_groups() {
    let lines = GROUP as i64 + 5;
    let reader = written(lines);
    let groups: Vec<i64> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [GROUP as i64, 5]);
    let mut number = 0;
    for row in reader.get_row_iter(None).unwrap() {
        let (row, line) = (row.unwrap(), line(number));
        assert_eq!(
            (row.get_string(0).unwrap().as_str(), row.get_string(1).unwrap().as_str()),
            ("roof", "a_percent")
        );
        assert_eq!(row.get_timestamp_millis(2).unwrap(), line.time_ms);
        assert_eq!(row.get_string(3).unwrap(), if number < 10 { "hour" } else { "summary" });
        let figures = [4, 5, 6].map(|column| row.get_double(column).unwrap());
        assert_eq!(figures, [line.mean, line.min, line.max]);
        // What is not there is null and not zero.
        assert_eq!(row.get_double(7).ok(), line.last, "line {number}");
        assert_eq!(row.get_long(8).unwrap(), 12);
        assert_eq!(row.get_string(9).unwrap(), if number % 7 == 0 { "hub" } else { "device" });
        number += 1;
    }
    assert_eq!(number, lines);
}

#[test]
fn schema_and_statistics_are_what_a_database_goes_by() {
    let reader = written(20);
    let schema = reader.metadata().file_metadata().schema();
    let mut told = Vec::new();
    parquet::schema::printer::print_schema(&mut told, schema);
    let told = String::from_utf8(told).unwrap();
    for column in [
        "REQUIRED BYTE_ARRAY device (STRING);",
        "REQUIRED INT64 time (TIMESTAMP(MILLIS,true));",
        "REQUIRED DOUBLE mean;",
        "OPTIONAL DOUBLE last;",
        "REQUIRED INT64 count;",
    ] {
        assert!(told.contains(column), "{column}\n{told}");
    }
    let group = reader.metadata().row_group(0);
    let Some(Statistics::Int64(time)) = group.column(2).statistics() else { panic!("no times") };
    assert_eq!((time.min_opt(), time.max_opt()), (Some(&line(0).time_ms), Some(&line(19).time_ms)));
    assert_eq!(group.column(7).statistics().unwrap().null_count_opt(), Some(7));
}

#[test]
fn nothing_is_a_file_without_rows() {
    assert_eq!(written(0).metadata().file_metadata().num_rows(), 0);
}

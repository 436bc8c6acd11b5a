//! A summary as text with three numbers left open, so that playing many devices costs less than hearing them.

use crate::readings::Window;
use protocol::{BootId, ClockTrust, MetricName, Stamp, Summary, Version};
use std::collections::BTreeMap;

/// Stand for sequence, monotonic and wall time. No reading is as large.
const OPEN: [u64; 3] = [1_111_111_111_111_111, 2_222_222_222_222_222, 3_333_333_333_333_333];

/// How often each metric was sampled in a window: every 5 s in 60 s.
const COUNT: u32 = 12;

/// The pieces between the open numbers.
#[derive(Debug)]
pub(crate) struct Template([String; 4]);

impl Template {
    pub(crate) fn new(boot: &BootId, window_ms: u64, window: Window) -> Self {
        let count: BTreeMap<MetricName, u32> = window.mean.keys().map(|name| (name.clone(), COUNT)).collect();
        let Window { min, mean, max, last } = window;
        let [sequence, monotonic_ms, time] = OPEN;
        let stamp = Stamp {
            boot: boot.clone(),
            monotonic_ms,
            time_ms: time.cast_signed(),
            clock: ClockTrust::Synchronized,
        };
        let summary = Summary {
            version: Version,
            sequence,
            stamp,
            machine_boot: None,
            window_ms,
            mean,
            min,
            max,
            last,
            count,
        };
        let text = serde_json::to_string(&summary).expect("a summary is made of maps and numbers");
        let mut rest = text.as_str();
        let pieces = OPEN.map(|number| {
            let (before, after) = rest.split_once(&number.to_string()).expect("it was put in, in this order");
            rest = after;
            before.to_owned()
        });
        let [one, two, three] = pieces;
        Self([one, two, three, rest.to_owned()])
    }

    /// Appends the summary with these numbers to `text`.
    pub(crate) fn write(&self, text: &mut String, sequence: u64, monotonic_ms: u64, time_ms: i64) {
        use std::fmt::Write as _;
        let [one, two, three, four] = &self.0;
        write!(text, "{one}{sequence}{two}{monotonic_ms}{three}{time_ms}{four}").expect("a text has room");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readings::World;

    #[test]
    fn what_is_written_is_a_summary_that_holds() {
        let boot: BootId = "sim-1".parse().unwrap();
        let template = Template::new(&boot, 60_000, World::new(1).window(1_790_000_000_000));
        let mut text = String::new();
        template.write(&mut text, 7, 420_000, 1_790_000_000_000);
        let summary: Summary = serde_json::from_str(&text).unwrap();
        summary.check().unwrap();
        let Stamp { monotonic_ms, time_ms, .. } = summary.stamp;
        assert_eq!((summary.sequence, monotonic_ms, time_ms), (7, 420_000, 1_790_000_000_000));
    }
}

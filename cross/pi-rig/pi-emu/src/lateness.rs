//! How late things happen in the guest: a machine that is starved of CPU makes any program late, and its faults
//! are then no findings.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(50);

/// Naps that were watched, and by how much they were too long.
#[derive(Default)]
struct Record {
    naps: u32,
    total: Duration,
    worst: Duration,
}

static RECORD: Mutex<Option<Record>> = Mutex::new(None);

/// Watches from now on.
pub fn watch() {
    thread::spawn(|| {
        loop {
            let start = Instant::now();
            thread::sleep(NAP);
            note(start.elapsed().saturating_sub(NAP));
        }
    });
}

fn note(late: Duration) {
    let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
    let record = record.get_or_insert_default();
    record.naps += 1;
    record.total += late;
    record.worst = record.worst.max(late);
}

/// Mean and worst lateness since it was last asked for, in milliseconds.
pub fn take() -> (u128, u128) {
    let record = RECORD.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    (record.total.as_millis() / u128::from(record.naps.max(1)), record.worst.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_worst_are_told_once() {
        for late in [10, 20, 60] {
            note(Duration::from_millis(late));
        }
        assert_eq!(take(), (30, 60));
        assert_eq!(take(), (0, 0));
    }
}

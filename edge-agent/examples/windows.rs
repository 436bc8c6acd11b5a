//! Runs a hundred thousand windows, ten weeks' worth, and prints what the process takes of the memory
//! meanwhile. `cargo xtask bench windows` builds it as the agent is built.

#[path = "../tests/steady/drive.rs"]
mod drive;

use std::{error::Error, fs, time::Instant};

/// After how many windows to look. The first thousand fill buffers.
const CHECKPOINTS: [u64; 8] = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 75_000, 100_000];

fn main() -> Result<(), Box<dyn Error>> {
    let mut drive = drive::Drive::new(5_000);
    let start = Instant::now();
    println!("{:>10}{:>16}{:>12}", "windows", "resident bytes", "seconds");
    for windows in CHECKPOINTS {
        drive.run_to(windows);
        println!("{windows:>10}{:>16}{:>12.1}", resident_bytes()?, start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn resident_bytes() -> Result<u64, Box<dyn Error>> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("statm has another form")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}

//! `pi-emu`: stands in, from inside the guest, for what QEMU's Raspberry Pi lacks. `/dev/i2c-1` with a BME280 on
//! it, and the firmware's `/dev/vcio`, both as character devices in user space; and faults of all kinds.

mod air;
mod board;
mod bytes;
mod chip;
mod clock;
mod command;
mod cuse;
mod errno;
mod fault;
mod i2cdev;
mod lateness;
mod log;
mod options;
mod vcio;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use board::Board;
use options::Options;

/// The kernel's own major number of I2C devices, and the bus that is on a Pi's header.
const I2C_1: (u32, u32) = (89, 1);
const CHIP_ADDRESS: u16 = 0x76;
/// A scenario looks at least so often whether its time has come.
const STEP: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pi-emu: {error}");
            ExitCode::from(2)
        }
    }
}

/// Serves until the kernel ends it.
fn run(options: Options) -> Result<(), String> {
    let plan = match &options.scenario {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
            command::scenario(&text).map_err(|error| format!("{path}: {error}"))?
        }
        None => Vec::new(),
    };
    if let Some(path) = &options.log {
        log::open(path).map_err(|error| format!("{path}: {error}"))?;
    }
    let board = Arc::new(Board::new(CHIP_ADDRESS, options.seed));
    lateness::watch();
    let (begun, begin) = mpsc::channel();
    for path in options.control {
        let (board, begun) = (board.clone(), begun.clone());
        thread::spawn(move || obey(&path, &board, &begun));
    }
    play(plan, board.clone(), begin);

    let mailbox = vcio::Mailbox(board.clone());
    thread::spawn(move || {
        if let Err(error) = cuse::serve("vcio", (0, 0), mailbox, || {}) {
            log::line(&format!("/dev/vcio: {error}"));
        }
    });
    let ready = || {
        if let Some(path) = &options.ready
            && let Err(error) = fs::write(path, "")
        {
            log::line(&format!("{path}: {error}"));
        }
    };
    cuse::serve("i2c-1", I2C_1, i2cdev::I2cDevice::new(board), ready)
        .map_err(|error| format!("/dev/cuse: {error}"))
}

/// Runs the commands that come by a FIFO or a serial line. The emulated world begins with `start`.
fn obey(path: &str, board: &Board, begun: &Sender<()>) {
    // For writing as well, so that a FIFO never reports its end.
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) => return log::line(&format!("{path}: {error}")),
    };
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        command::run_and_log(board, line);
        if line == "start" {
            // It fails when the scenario is already over.
            let _ = begun.send(());
        }
    }
}

/// Plays the scenario. What is due at 0 holds from the very beginning.
fn play(mut plan: Vec<(f64, String)>, board: Arc<Board>, begin: Receiver<()>) {
    let later = plan.split_off(plan.partition_point(|(seconds, _)| *seconds <= 0.0));
    for (_, line) in &plan {
        command::run_and_log(&board, line);
    }
    thread::spawn(move || {
        if begin.recv().is_err() {
            return;
        }
        for (seconds, line) in later {
            loop {
                let left = seconds - board.lock().now();
                if left <= 0.0 {
                    break;
                }
                thread::sleep(Duration::from_secs_f64(left).min(STEP));
            }
            command::run_and_log(&board, &line);
        }
    });
}

//! The little language that changes the emulated world, one command a line: from a scenario file, from a FIFO
//! in the guest, or from a serial line.

mod fault;
mod scenario;
mod words;

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::air::{Quantity, Random};
use crate::board::{Board, State};
use crate::chip::{Bme280, calibration};
use crate::{clock, lateness, log};
pub use scenario::scenario;
use words::Words;

/// Where kernels of Raspberry Pi OS had the bits until 2025.
const THROTTLED_FILE: &str = "/sys/devices/platform/soc/soc:firmware/get_throttled";

/// Runs a command and logs it: seconds of the emulated world, the guest's uptime just before the command, what
/// was asked, and `->` with the answer.
pub fn run_and_log(board: &Board, line: &str) {
    let (now, uptime) = (board.lock().now(), clock::uptime());
    let answer = run(board, line).unwrap_or_else(|error| format!("error: {error}"));
    log::line(&format!("{now:.3} up {uptime:.2} {line} -> {}", answer.trim().replace('\n', "; ")));
}

/// Runs a command.
pub fn run(board: &Board, line: &str) -> Result<String, String> {
    let mut words = Words::new(line);
    let Some(command) = words.next() else { return Ok(String::new()) };
    match command {
        "exec" => return exec(words.rest()),
        "clock" => return set_clock(&mut words),
        "synchronised" => clock::set_synchronised(words.on_or_off()?)?,
        "fault" => {
            fault::switch(&mut board.lock(), &mut words)?;
            board.faults_changed();
        }
        "cputemp" => {
            let celsius = words.number("degrees")?;
            board.lock().processor_celsius = Some(celsius);
            return show_processor_temperature(celsius);
        }
        "late" => {
            let (mean, worst) = lateness::take();
            return Ok(format!("mean {mean} ms, worst {worst} ms"));
        }
        "stat" => return Ok(statistics(&board.lock())),
        _ => change(&mut board.lock(), command, &mut words)?,
    }
    Ok("ok".to_owned())
}

fn change(state: &mut State, command: &str, words: &mut Words<'_>) -> Result<(), String> {
    let now = state.now();
    match command {
        "start" => state.begin(),
        "set" => {
            let values = words.pairs()?;
            let over = if words.take("over") { words.number("over")? } else { 0.0 };
            for (key, value) in values {
                quantity(state, key).go(value, now, over);
            }
        }
        "noise" => {
            for (key, value) in words.pairs()? {
                quantity(state, key).noise = value;
            }
        }
        "swing" => {
            let values = words.pairs()?;
            if !words.take("period") {
                return Err("swing t=AMPLITUDE period SECONDS".to_owned());
            }
            let period = words.number("period")?;
            for (key, amplitude) in values {
                quantity(state, key).swing = (amplitude, period);
            }
        }
        "unplug" => state.present = false,
        "plug" => {
            // It was without power.
            state.chip.reset(now);
            state.present = true;
        }
        "brownout" => state.chip.reset(now),
        "freeze" => state.chip.frozen = true,
        "thaw" => state.chip.frozen = false,
        "dead" => state.chip.dead = true,
        "alive" => state.chip.dead = false,
        "chipid" => state.chip.chip_id = words.integer("chipid")?,
        "badcalib" => state.chip.calibration.t.0 = 0,
        "replace" => {
            state.chip = Bme280::new(now);
            state.chip.calibration = calibration::OTHER;
        }
        "addr" => state.chip_address = words.integer("addr")?,
        "hz" => state.hertz = words.number("hz")?.max(100.0),
        "seed" => state.random = Random::new(words.integer("seed")?),
        "trace" => state.trace = words.on_or_off()?,
        "throttled" => {
            state.throttled = words.integer("throttled")?;
            if fs::exists(THROTTLED_FILE).unwrap_or(false) {
                fs::write(THROTTLED_FILE, format!("{:x}\n", state.throttled))
                    .map_err(|error| format!("{THROTTLED_FILE}: {error}"))?;
            }
        }
        "volts" => state.core_volts = words.number("volts")?,
        unknown => return Err(format!("{unknown}: no such command")),
    }
    words.end()
}

fn quantity(state: &mut State, key: char) -> &mut Quantity {
    match key {
        't' => &mut state.temperature,
        'p' => &mut state.pressure,
        _ => &mut state.humidity,
    }
}

fn exec(script: &str) -> Result<String, String> {
    let output = Command::new("/bin/sh").args(["-c", script]).output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    Ok(format!("exit {} {}", output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said)))
}

/// `+SECONDS`, `-SECONDS`, or `@` and seconds since 1970. Only the wall clock; the air does not jump.
fn set_clock(words: &mut Words<'_>) -> Result<String, String> {
    let word = words.next().ok_or("clock +SECONDS, -SECONDS or @SECONDS-SINCE-1970")?;
    let absolute = word.strip_prefix('@');
    let seconds: i64 = absolute
        .unwrap_or(word)
        .parse()
        .map_err(|error| format!("{word} is no number of seconds: {error}"))?;
    words.end()?;
    if absolute.is_some() {
        return clock::set(seconds);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    clock::set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_add(seconds))
}

/// From now on the kernel's thermal zone says so too: QEMU's sensor knows only one temperature.
fn show_processor_temperature(celsius: f64) -> Result<String, String> {
    let thousandths = (celsius * 1000.0).round();
    exec(&format!(
        "f=/run/cputemp; z=/sys/class/thermal/thermal_zone0/temp; printf '%s\\n' {thousandths} 1<>$f; \
         grep -q $z /proc/self/mounts || mount --bind $f $z"
    ))
}

fn statistics(state: &State) -> String {
    let air = state.air();
    let State { succeeded, failed, present, faults, .. } = state;
    format!("{air:?} transfers {succeeded} failed {failed} present {present} faults {faults:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_understood() {
        let board = Board::new(0x76, 1);
        for line in [
            "set t=20 p=1000 h=30",
            "set t=30 over 10",
            "noise t=0",
            "swing t=2 period 60",
            "unplug",
            "plug",
            "chipid 0x58",
            "addr 0x77",
            "throttled 0x50005",
            "trace off",
            "stat",
            "",
        ] {
            run(&board, line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        let state = board.lock();
        assert_eq!((state.throttled, state.chip.chip_id, state.chip_address), (0x50005, 0x58, 0x77));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let board = Board::new(0x76, 1);
        for (line, named) in [
            ("nonsense", "nonsense"),
            ("set x=1", "x=1"),
            ("set t=", "t="),
            ("set t=1 2", "2"),
            ("swing t=2", "period"),
            ("chipid 0x1ff", "0x1ff"),
            ("clock", "+SECONDS"),
            ("clock noon", "noon"),
            ("synchronised maybe", "maybe"),
            ("unplug it", "it"),
        ] {
            let error = run(&board, line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn another_chip_has_other_trimming_and_no_settings() {
        let board = Board::new(0x76, 1);
        let trimming = || board.lock().chip.calibration.registers();
        let first = trimming();
        run(&board, "replace").unwrap();
        assert_ne!(trimming(), first);
    }
}

//! The emulated board: one I2C bus with one BME280, its surroundings, and what the firmware tells.

use std::fs;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::air::{Air, Quantity, Random};
use crate::chip::Bme280;
use crate::errno::{EOPNOTSUPP, EREMOTEIO, ETIMEDOUT, Errno};
use crate::fault::{Fault, Kind};
use crate::log;

/// How often a hanging transfer looks whether its fault is over.
const HANG_POLL: Duration = Duration::from_millis(50);

/// One message of a transfer.
pub struct Message {
    pub address: u16,
    pub read: bool,
    /// What is written, or room for what is read.
    pub data: Vec<u8>,
}

/// Everything that can change.
pub struct State {
    /// When the emulated world began; until then it stands at 0.
    begun: Option<Instant>,
    pub temperature: Quantity,
    pub pressure: Quantity,
    pub humidity: Quantity,
    pub chip: Bme280,
    pub chip_address: u16,
    pub present: bool,
    pub faults: Vec<Fault>,
    /// The clock rate of the bus.
    pub hertz: f64,
    pub random: Random,
    /// Whether each transfer is logged.
    pub trace: bool,
    pub succeeded: u64,
    pub failed: u64,
    /// The bits of the firmware's `get_throttled`.
    pub throttled: u32,
    /// Degrees of the processor; what the kernel's thermal zone says unless set.
    pub processor_celsius: Option<f64>,
    pub core_volts: f64,
}

impl State {
    /// Seconds since the emulated world began.
    pub fn now(&self) -> f64 {
        self.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64())
    }

    pub fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// Degrees Celsius of the processor.
    pub fn processor(&self) -> f64 {
        self.processor_celsius.unwrap_or_else(|| {
            let text = fs::read_to_string("/sys/class/thermal/thermal_zone0/temp").unwrap_or_default();
            text.trim().parse().map_or(25.0, |thousandths: f64| thousandths / 1000.0)
        })
    }

    /// The air as set, without noise.
    pub fn air(&self) -> Air {
        let now = self.now();
        let [celsius, hectopascal, percent] =
            [&self.temperature, &self.pressure, &self.humidity].map(|quantity| quantity.at(now));
        Air { celsius, hectopascal, percent }
    }

    fn forget_past_faults(&mut self) {
        let now = self.now();
        self.faults.retain(|fault| !fault.is_over(now));
    }

    /// The fault that strikes this transfer, if any.
    fn strike(&mut self) -> Option<Kind> {
        self.forget_past_faults();
        let random = &mut self.random;
        let certain_or_drawn =
            |fault: &&mut Fault| fault.probability >= 1.0 || random.unit() < fault.probability;
        let fault = self.faults.iter_mut().find(certain_or_drawn)?;
        fault.count = fault.count.map(|count| count.saturating_sub(1));
        Some(fault.kind)
    }

    fn let_the_chip_live(&mut self) {
        let Air { celsius, hectopascal, percent } = self.air();
        let mut noisy = |value: f64, deviation: f64| value + self.random.normal() * deviation;
        let air = Air {
            celsius: noisy(celsius, self.temperature.noise),
            hectopascal: noisy(hectopascal, self.pressure.noise),
            percent: noisy(percent, self.humidity.noise),
        };
        self.chip.tick(self.now(), air);
    }
}

/// The board, shared by its devices.
pub struct Board {
    state: Mutex<State>,
    faults_changed: Condvar,
}

impl Board {
    pub fn new(chip_address: u16, seed: u64) -> Self {
        let state = State {
            begun: None,
            temperature: Quantity::new(21.5, 0.003),
            pressure: Quantity::new(1013.25, 0.01),
            humidity: Quantity::new(45.0, 0.02),
            chip: Bme280::new(-1.0),
            chip_address,
            present: true,
            faults: Vec::new(),
            hertz: 100_000.0,
            random: Random::new(seed),
            trace: false,
            succeeded: 0,
            failed: 0,
            throttled: 0,
            processor_celsius: None,
            core_volts: 1.2,
        };
        Self { state: Mutex::new(state), faults_changed: Condvar::new() }
    }

    /// A thread that panicked leaves nothing half changed that matters to a test.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a transfer that hangs.
    pub fn faults_changed(&self) {
        self.faults_changed.notify_all();
    }

    /// One transaction, from start through repeated starts to stop. Called from the one thread of the bus, so
    /// that transfers follow one another as on a real adapter.
    pub fn transfer(&self, messages: &mut [Message]) -> Result<(), Errno> {
        let outcome = self.undergo(messages);
        let mut state = self.lock();
        match outcome {
            Ok(()) => state.succeeded += 1,
            Err(_) => state.failed += 1,
        }
        if state.trace {
            log::line(&traced(state.now(), messages, outcome));
        }
        outcome
    }

    fn undergo(&self, messages: &mut [Message]) -> Result<(), Errno> {
        // The kernel's driver of the Pi's controller reads only at the end of a transfer.
        if messages.iter().rev().skip(1).any(|message| message.read) {
            return Err(EOPNOTSUPP);
        }
        let mut state = self.lock();
        let fault = state.strike();
        match fault {
            Some(Kind::Error(errno)) => return Err(errno),
            Some(Kind::Timeout(milliseconds)) => {
                drop(state);
                thread::sleep(Duration::from_millis(milliseconds));
                return Err(ETIMEDOUT);
            }
            Some(Kind::Hang) => {
                while state.faults.iter().any(|fault| fault.kind == Kind::Hang) {
                    let waited = self.faults_changed.wait_timeout(state, HANG_POLL);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                    state.forget_past_faults();
                }
                return Err(ETIMEDOUT);
            }
            Some(Kind::Delay(milliseconds)) => {
                drop(state);
                thread::sleep(Duration::from_millis(milliseconds));
                state = self.lock();
            }
            _ => {}
        }
        let hertz = state.hertz;
        if !state.present || messages.iter().any(|message| message.address != state.chip_address) {
            drop(state);
            wire(1, hertz);
            return Err(EREMOTEIO);
        }
        for message in messages.iter_mut() {
            // Before each, so that what is read is of now.
            state.let_the_chip_live();
            let now = state.now();
            if message.read {
                state.chip.read(&mut message.data, now);
                spoil(&mut message.data, fault, &mut state.random);
            } else {
                state.chip.write(&message.data, now);
            }
        }
        drop(state);
        wire(messages.iter().map(|message| message.data.len() + 1).sum(), hertz);
        Ok(())
    }
}

/// Lets the time pass that so many bytes take on the wire: nine clocks each, and start and stop.
fn wire(bytes: usize, hertz: f64) {
    thread::sleep(Duration::from_secs_f64((9 * bytes + 2) as f64 / hertz));
}

fn spoil(data: &mut [u8], fault: Option<Kind>, random: &mut Random) {
    match fault {
        Some(Kind::Garbage) => data.fill_with(|| random.byte()),
        Some(Kind::Fill(byte)) => data.fill(byte),
        Some(Kind::Flip(probability)) => {
            for byte in data {
                let flipped = (0..8).map(|bit| u8::from(random.unit() < probability) << bit).sum::<u8>();
                *byte ^= flipped;
            }
        }
        _ => {}
    }
}

fn traced(now: f64, messages: &[Message], outcome: Result<(), Errno>) -> String {
    let mut line = format!("{now:.3} i2c");
    for Message { address, read, data } in messages {
        let bytes: String = data.iter().take(40).map(|byte| format!("{byte:02x}")).collect();
        line += &format!(" {}{address:02x}:{bytes}", if *read { 'r' } else { 'w' });
    }
    match outcome {
        Ok(()) => line,
        Err(errno) => format!("{line} errno {errno}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(read: bool, data: u8) -> Message {
        Message { address: 0x76, read, data: vec![data] }
    }

    fn chip_id(board: &Board) -> Result<u8, Errno> {
        let mut messages = [message(false, 0xD0), message(true, 0)];
        board.transfer(&mut messages).map(|()| messages[1].data[0])
    }

    fn fault(kind: Kind, count: Option<u64>) -> Fault {
        Fault { kind, until: None, count, probability: 1.0 }
    }

    #[test]
    fn it_answers_and_fails_as_told() {
        let board = Board::new(0x76, 1);
        assert_eq!(chip_id(&board), Ok(0x60));
        board.lock().faults.push(fault(Kind::Error(EREMOTEIO), Some(2)));
        let three = [(); 3].map(|()| chip_id(&board));
        assert_eq!(three, [Err(EREMOTEIO), Err(EREMOTEIO), Ok(0x60)]);
        board.lock().faults.push(fault(Kind::Fill(0xFF), Some(1)));
        assert_eq!(chip_id(&board), Ok(0xFF));
        board.lock().present = false;
        assert_eq!(chip_id(&board), Err(EREMOTEIO));
    }

    #[test]
    fn flipped_bits_come_as_often_as_asked() {
        let mut data = [0; 10_000];
        spoil(&mut data, Some(Kind::Flip(0.01)), &mut Random::new(1));
        let wrong: u32 = data.iter().map(|byte| byte.count_ones()).sum();
        assert!((700..900).contains(&wrong), "{wrong} of 80000 bits");
    }

    #[test]
    fn a_hanging_transfer_ends_with_its_fault() {
        let board = Board::new(0x76, 1);
        board.lock().faults.push(fault(Kind::Hang, None));
        thread::scope(|scope| {
            let hanging = scope.spawn(|| chip_id(&board));
            thread::sleep(Duration::from_millis(120));
            assert!(!hanging.is_finished());
            board.lock().faults.clear();
            board.faults_changed();
            assert_eq!(hanging.join().unwrap(), Err(ETIMEDOUT));
        });
    }

    #[test]
    fn what_the_pis_adapter_refuses_is_refused() {
        let board = Board::new(0x76, 1);
        assert_eq!(board.transfer(&mut [message(true, 0), message(true, 0)]), Err(EOPNOTSUPP));
    }
}

//! The simulated bus, on a bad wire.

use edge_agent::{
    bus::{Bus, BusError, Model, SimulatedBus},
    clock::Moment,
};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

pub(crate) const ADDRESS: u8 = 0x76;
pub(crate) const SEED: u64 = 7;

/// What happens to one transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Glitch {
    /// The sensor loses power for a moment, before the transfer.
    PowerCycle,
    /// From here on registers read as what they are.
    Mend,
    /// It does not acknowledge.
    Nack,
    /// The bus times out.
    Timeout,
    /// A bit of what is read is wrong.
    FlipRead(usize),
    /// A bit of what is written is wrong, be it a register or a value.
    FlipWrite(usize),
    /// All that is read is this.
    Level(u8),
}

/// A handle on the wire, for the sensor as well as for the test.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Mutex<Inner>>);

struct Inner {
    bus: SimulatedBus,
    /// Registers that read as something else.
    overridden: HashMap<u8, u8>,
    /// What every transfer ends in.
    failing: Option<fn() -> BusError>,
    transfers: usize,
    glitches: HashMap<usize, Glitch>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::with_glitches(HashMap::new())
    }

    /// A wire to a BME280 on which the transfers with these numbers go wrong.
    pub(crate) fn with_glitches(glitches: HashMap<usize, Glitch>) -> Self {
        Self::to(Model::Bme280, glitches)
    }

    /// The same to any chip.
    pub(crate) fn to(model: Model, glitches: HashMap<usize, Glitch>) -> Self {
        let bus = SimulatedBus::new(model, ADDRESS, SEED);
        Self(Arc::new(Mutex::new(Inner {
            bus,
            overridden: HashMap::new(),
            failing: None,
            transfers: 0,
            glitches,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// From now on every transfer fails so.
    pub(crate) fn fail(&self, with: fn() -> BusError) {
        self.lock().failing = Some(with);
    }

    /// From now on these registers read so.
    pub(crate) fn override_registers(&self, from: u8, bytes: &[u8]) {
        self.lock().overridden.extend((from..=0xFF).zip(bytes.iter().copied()));
    }

    /// From now on these registers keep what they have.
    pub(crate) fn freeze(&self, registers: RangeInclusive<u8>) {
        let mut bytes = vec![0; registers.clone().count()];
        self.lock().bus.write_read(ADDRESS, &[*registers.start()], &mut bytes).unwrap();
        self.override_registers(*registers.start(), &bytes);
    }

    /// All that was wrong is right again.
    pub(crate) fn mend(&self) {
        let mut inner = self.lock();
        inner.overridden.clear();
        inner.failing = None;
    }

    /// Mends at the transfer with this number.
    pub(crate) fn mend_at(&self, transfer: usize) {
        self.lock().glitches.insert(transfer, Glitch::Mend);
    }

    pub(crate) fn power_cycle(&self) {
        self.lock().bus.power_cycle();
    }

    pub(crate) fn transfers(&self) -> usize {
        self.lock().transfers
    }
}

impl ErrorType for Wire {
    type Error = BusError;
}

impl I2c for Wire {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let mut inner = self.lock();
        let glitch = inner.glitches.get(&inner.transfers).copied();
        inner.transfers += 1;
        if let Some(failing) = inner.failing {
            return Err(failing());
        }
        match glitch {
            Some(Glitch::Nack) => return Err(BusError::NoAcknowledge),
            Some(Glitch::Timeout) => return Err(BusError::Timeout),
            Some(Glitch::Mend) => inner.overridden.clear(),
            Some(Glitch::PowerCycle) => inner.bus.power_cycle(),
            _ => {}
        }
        let (written, read) = match operations {
            [Operation::Write(written)] => (written, None),
            [Operation::Write(written), Operation::Read(read)] => (written, Some(read)),
            other => panic!("no driver here does {other:?}"),
        };
        let mut sent = written.to_vec();
        if let Some(Glitch::FlipWrite(bit)) = glitch {
            flip(&mut sent, bit);
        }
        let Some(read) = read else { return inner.bus.write(address, &sent) };
        inner.bus.write_read(address, &sent, read)?;
        for (register, byte) in (sent[0]..=0xFF).zip(read.iter_mut()) {
            *byte = inner.overridden.get(&register).copied().unwrap_or(*byte);
        }
        match glitch {
            Some(Glitch::FlipRead(bit)) => flip(read, bit),
            Some(Glitch::Level(level)) => read.fill(level),
            _ => {}
        }
        Ok(())
    }
}

fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

impl Bus for Wire {
    fn begin(&mut self, at: Moment) {
        self.lock().bus.begin(at);
    }

    fn wait(&mut self, duration: Duration) {
        self.lock().bus.wait(duration);
    }
}

/// By how much readings may differ from the air: the chip's noise and resolution. Temperature, humidity,
/// pressure.
const TOLERANCES: [f64; 3] = [0.04, 0.15, 0.1];

/// Temperature, humidity and pressure of the air at a moment.
pub(crate) fn air(at: Moment) -> [f64; 3] {
    let air = SimulatedBus::new(Model::Bme280, ADDRESS, SEED).air(at.time_ms);
    [air.celsius, air.percent, air.hectopascal]
}

/// Whether readings are what the air was at that moment, within the chip's noise and resolution.
pub(crate) fn is_true(readings: [f64; 3], at: Moment) -> bool {
    is_between(readings, air(at), air(at))
}

/// Whether each of the readings is between two others, within the chip's noise and resolution.
pub(crate) fn is_between(readings: [f64; 3], one: [f64; 3], other: [f64; 3]) -> bool {
    readings.into_iter().zip(one).zip(other).zip(TOLERANCES).all(|(((reading, one), other), tolerance)| {
        (one.min(other) - tolerance..one.max(other) + tolerance).contains(&reading)
    })
}

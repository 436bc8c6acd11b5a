//! The pins of a Raspberry Pi, by rppal: levels and directions through the processor's registers, edges
//! through the kernel's character device, which keeps up to 1024 of them until they are taken.

use super::{Edge, EdgeSink, InputPin, OutputPin, PinError, Pins, Pull};
use rppal::gpio::{self, Error, Event, Gpio, Level, Trigger};
use rustix::time::{ClockId, clock_gettime};
use std::{io::ErrorKind, sync::Arc, time::Duration};

/// The lines of this machine. They are looked for whenever one is asked for.
#[derive(Debug, Default)]
pub struct RealPins;

impl Pins for RealPins {
    fn input(&self, line: u8, pull: Pull, mut sink: EdgeSink) -> Result<Box<dyn InputPin>, PinError> {
        let explain = |error| explain(line, error);
        let free = Gpio::new().and_then(|gpio| gpio.get(line)).map_err(explain)?;
        let mut pin = match pull {
            Pull::Up => free.into_input_pullup(),
            Pull::Down => free.into_input_pulldown(),
            Pull::Off => free.into_input(),
        };
        // The listening thread keeps to itself why it ended. That the line can be had at all, this says.
        pin.set_interrupt(Trigger::Both, None).and_then(|()| pin.clear_interrupt()).map_err(explain)?;
        let alive = Arc::new(());
        let (held, mut last) = (alive.clone(), None);
        let listener = move |event: Event| {
            let _lives_with_the_thread = &held;
            let step = last.replace(event.seqno).map_or(1, |last: u32| event.seqno.wrapping_sub(last));
            let high = event.trigger == Trigger::RisingEdge;
            sink(Edge { high, at: event.timestamp, missed: step.saturating_sub(1) });
        };
        pin.set_async_interrupt(Trigger::Both, None, listener).map_err(explain)?;
        Ok(Box::new(Input { pin, alive }))
    }

    fn output(&self, line: u8, high: bool) -> Result<Box<dyn OutputPin>, PinError> {
        let free = Gpio::new().and_then(|gpio| gpio.get(line)).map_err(|error| explain(line, error))?;
        // The level comes before the direction, so that a relay does not even twitch.
        let mut pin = if high { free.into_output_high() } else { free.into_output_low() };
        // Else the line would float after the last safe level was set.
        pin.set_reset_on_drop(false);
        Ok(Box::new(Output(pin)))
    }
}

struct Input {
    pin: gpio::InputPin,
    /// The listening thread holds the other end, until it ends for whatever reason.
    alive: Arc<()>,
}

impl InputPin for Input {
    fn is_high(&self) -> bool {
        self.pin.is_high()
    }

    fn is_listening(&self) -> bool {
        Arc::strong_count(&self.alive) > 1
    }

    fn now(&self) -> Duration {
        // The kernel stamps edges by this clock unless asked for another, which rppal does not do.
        let time = clock_gettime(ClockId::Monotonic);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

struct Output(gpio::OutputPin);

impl OutputPin for Output {
    fn set(&mut self, high: bool) {
        self.0.write(Level::from(high));
    }

    fn is_high(&self) -> bool {
        self.0.is_set_high()
    }
}

fn explain(line: u8, error: Error) -> PinError {
    match error {
        // It is tried only where there is no /dev/gpiomem, and is nobody's business.
        Error::PermissionDenied(path) if path == "/dev/mem" => PinError::NoRegisters,
        Error::PermissionDenied(path) => PinError::Denied(path),
        Error::UnknownModel => PinError::Missing("unknown model".to_owned()),
        Error::PinNotAvailable(_) => PinError::NoLine(line),
        Error::PinUsed(_) => PinError::Busy(line),
        Error::Io(error) => match error.kind() {
            ErrorKind::NotFound => PinError::Missing(error.to_string()),
            ErrorKind::ResourceBusy => PinError::Busy(line),
            ErrorKind::PermissionDenied => PinError::Denied(format!("GPIO{line}")),
            _ => PinError::Other(error.to_string()),
        },
        Error::ThreadPanic => PinError::Other("its thread panicked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn what_went_wrong_is_told_with_the_remedy() {
        let of = |error| explain(17, error).to_string();
        assert!(of(Error::PermissionDenied("/dev/gpiomem".into())).contains("/dev/gpiomem is denied; add"));
        assert!(of(Error::PermissionDenied("/dev/mem".into())).contains("this kernel has no /dev/gpiomem"));
        assert!(of(Error::UnknownModel).contains("is it a Raspberry Pi"));
        assert!(of(Error::PinUsed(17)).starts_with("GPIO17 is in use"));
        let busy = io::Error::from_raw_os_error(rustix::io::Errno::BUSY.raw_os_error());
        assert!(of(Error::Io(busy)).starts_with("GPIO17 is in use"));
        let missing = io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error());
        assert!(of(Error::Io(missing)).contains("/dev/gpiochip0"));
    }
}

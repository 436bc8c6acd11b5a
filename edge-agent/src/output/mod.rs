//! Outputs: relays that obey and are safe otherwise, and the status LED.

mod act_led;
mod config;
mod driven;
mod light;
mod link;
mod relay;

pub use config::{OutputConfig, OutputConfigError, Peer, RelayConfig, SafeAfter, StatusLedConfig, check};

use crate::{
    clock::monotonic_ms,
    gpio::{Board, PinConfig},
    sensor::Sensor,
};
use act_led::ActLed;
use driven::Driven;
use light::Light;
use link::Link;
use protocol::SensorId;
use relay::{Relay, RelaySensor};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Where the kernel has the lights of the machine.
const LEDS: &str = "/sys/class/leds";

/// All outputs of the agent. Clones are the same outputs.
#[derive(Clone, Default)]
pub struct Outputs(Arc<Inner>);

#[derive(Default)]
struct Inner {
    board: Arc<Board>,
    relays: Vec<Arc<Relay>>,
    lamp: Option<Driven>,
    leds: PathBuf,
    news: Mutex<News>,
    wake: Notify,
}

/// What decides over lamp and relays.
struct News {
    link: Link,
    light: Light,
    /// The light of the Pi, while it is borrowed to identify a device without a lamp.
    act: Option<ActLed>,
}

impl Default for News {
    fn default() -> Self {
        Self { link: Link::new(0), light: Light::default(), act: None }
    }
}

impl Outputs {
    /// The outputs that are configured, on `board`: relays are safe from the first moment, the lamp is dark.
    pub fn new(outputs: &[OutputConfig], board: Board, now_ms: u64) -> Self {
        let board = Arc::new(board);
        let mut inner = Inner { board: board.clone(), leds: LEDS.into(), ..Inner::default() };
        inner.news = Mutex::new(News { link: Link::new(now_ms), ..News::default() });
        for output in outputs {
            match output {
                OutputConfig::Relay(relay) => {
                    inner.relays.push(Arc::new(Relay::new(relay, board.clone(), now_ms)));
                }
                OutputConfig::StatusLed(led) => {
                    let lamp = Driven::new(board.clone(), led.pin, led.active_low, false);
                    if let Err(error) = lamp.is_on(false) {
                        tracing::warn!(pin = %led.pin, "the status LED cannot be switched: {error}");
                    }
                    inner.lamp = Some(lamp);
                }
            }
        }
        Self(Arc::new(inner))
    }

    /// The lines that inputs and outputs are on.
    pub fn board(&self) -> &Arc<Board> {
        &self.0.board
    }

    /// Which lines are taken, by whom.
    pub fn pins(&self) -> impl Iterator<Item = (PinConfig, SensorId)> {
        let relays = self.0.relays.iter().map(|relay| (relay.pin(), relay.id().clone()));
        let lamp = self.0.lamp.iter().map(|lamp| (lamp.pin(), "status_led".parse().expect("an id")));
        relays.chain(lamp)
    }

    /// What the relays are, as sensors.
    pub fn sensors(&self) -> impl Iterator<Item = Box<dyn Sensor>> {
        self.0.relays.iter().map(|relay| Box::new(RelaySensor::new(relay.clone())) as Box<dyn Sensor>)
    }

    /// Switches relays by name, 1 for on and 0 for off: all that are named or, if any of it cannot be, none.
    ///
    /// # Errors
    /// One line that says what cannot be, or which relay did not follow.
    pub fn set(&self, wanted: &BTreeMap<String, f64>, now_ms: u64) -> Result<(), SetError> {
        let known = || self.0.relays.iter().map(|relay| relay.id().as_str()).collect::<Vec<_>>().join(", ");
        if self.0.relays.is_empty() {
            return Err(SetError::Refused("this device has no output with the role relay".to_owned()));
        }
        if wanted.is_empty() {
            return Err(SetError::Refused(format!("name an output, 1 for on or 0 for off: {}", known())));
        }
        let mut orders = Vec::new();
        for (name, value) in wanted {
            let relay = self.0.relays.iter().find(|relay| relay.id().as_str() == name);
            let relay = relay
                .ok_or_else(|| SetError::Refused(format!("no output {name:?}; there is {}", known())))?;
            if *value != 0.0 && *value != 1.0 {
                return Err(SetError::Refused(format!("{name} = {value} cannot be: 1 is on, 0 is off")));
            }
            orders.push((relay, *value == 1.0));
        }
        for (relay, on) in orders {
            let obeyed = relay.obey(on, now_ms);
            obeyed.map_err(|error| SetError::Failed(format!("{}: {error}", relay.id())))?;
        }
        self.0.wake.notify_one();
        Ok(())
    }

    /// Makes every relay safe and the lamp dark: the agent is about to end.
    pub fn shut_down(&self) {
        self.0.relays.iter().for_each(|relay| relay.make_safe("the agent ends"));
        if let Some(lamp) = &self.0.lamp {
            // There is nothing left to do about a lamp that does not follow.
            let _ = lamp.set(false);
        }
        self.news().act = None;
    }

    /// Makes every relay safe without waiting, for the hook of a panic. Whether all could be reached.
    pub fn make_safe_at_once(&self) -> bool {
        // All are tried, whether or not one could be reached.
        self.0.relays.iter().filter(|relay| !relay.make_safe_at_once()).count() == 0
    }

    /// The connection to the broker came or went.
    pub fn connected(&self, connected: bool, now_ms: u64) {
        let mut news = self.news();
        news.link.broker(connected, now_ms);
        news.light.connected(connected);
        self.0.wake.notify_one();
    }

    /// The hub was heard.
    pub fn hub_heard(&self, now_ms: u64) {
        self.news().link.hub_heard(now_ms);
    }

    /// Something was published.
    pub fn published(&self, now_ms: u64) {
        if self.0.lamp.is_some() {
            self.news().light.wink(now_ms);
            self.0.wake.notify_one();
        }
    }

    /// Blinks for `lasting_ms`: the status LED, or the light of the Pi itself. Says which.
    ///
    /// # Errors
    /// When there is no light, with the remedy.
    pub fn identify(&self, now_ms: u64, lasting_ms: u64) -> Result<&'static str, String> {
        let mut news = self.news();
        let which = match &self.0.lamp {
            Some(lamp) => {
                lamp.is_on(true).map_err(|error| format!("the status LED cannot be switched: {error}"))?;
                "the status LED blinks"
            }
            None => {
                if news.act.is_none() {
                    news.act = Some(ActLed::borrow(&self.0.leds).map_err(|error| {
                        format!("no light to blink: set up an [[output]] with role = \"status_led\", or let the agent write {}/ACT/trigger and brightness ({error})", self.0.leds.display())
                    })?);
                }
                "the light of the Pi blinks"
            }
        };
        news.light.identify(now_ms, now_ms + lasting_ms);
        self.0.wake.notify_one();
        Ok(which)
    }

    /// Does what is due: lamp, and relays that nobody is there for any more. Returns when it is due again, if
    /// nothing happens before.
    pub fn step(&self, now_ms: u64) -> Option<u64> {
        let mut news = self.news();
        let mut next = self.0.relays.iter().filter_map(|relay| relay.heed(&news.link, now_ms)).min();
        if self.0.lamp.is_some() || news.act.is_some() {
            let (on, again) = news.light.at(now_ms);
            match (&self.0.lamp, &news.act) {
                // What does not follow was told at the start, and is looked for again at the next change.
                (Some(lamp), _) => drop(lamp.set(on)),
                (None, Some(act)) if news.light.identifies(now_ms) => act.set(on),
                _ => news.act = None,
            }
            if self.0.lamp.is_some() || news.act.is_some() {
                next = next.into_iter().chain(again).min();
            }
        }
        next
    }

    /// Does what is due, for ever.
    pub async fn attend(&self) -> Infallible {
        loop {
            let now_ms = monotonic_ms();
            let woken = self.0.wake.notified();
            match self.step(now_ms) {
                Some(due_ms) => {
                    let wait = Duration::from_millis(due_ms.saturating_sub(now_ms).max(1));
                    // Woken or due, the next step finds out.
                    let _ = tokio::time::timeout(wait, woken).await;
                }
                None => woken.await,
            }
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        // Nothing that panics leaves the news half told.
        self.0.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why relays were not switched.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Refused(String),
    /// A line did not follow.
    #[error("{0}")]
    Failed(String),
}

/// Makes relays safe when the process panics, before it ends: with `panic = "abort"` nothing else runs.
pub fn make_safe_on_panic(outputs: Outputs) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let reached = outputs.make_safe_at_once();
        before(panic);
        if !reached {
            tracing::error!("not every output could be made safe");
        }
    }));
}

#[cfg(test)]
mod tests;

//! What the status LED shows. Pure: when it shines and when that changes.

/// On and off, each this long, while it shows which device it is.
const IDENTIFY_MS: u64 = 100;
/// On and off, each this long, while there is no connection.
const SEARCH_MS: u64 = 1_000;
/// How long it winks for a message.
const WINK_MS: u64 = 60;

/// Steady: connected. Dark for a moment: published. Slow blinking: no connection. Quick blinking: identify.
/// Dark: the agent does not run.
#[derive(Debug, Default)]
pub(super) struct Light {
    connected: bool,
    winked_ms: Option<u64>,
    /// From when until when it blinks quickly.
    identify: Option<(u64, u64)>,
}

impl Light {
    pub(super) fn connected(&mut self, connected: bool) {
        self.connected = connected;
    }

    pub(super) fn wink(&mut self, now_ms: u64) {
        self.winked_ms = Some(now_ms);
    }

    pub(super) fn identify(&mut self, from_ms: u64, until_ms: u64) {
        self.identify = Some((from_ms, until_ms));
    }

    /// Whether it blinks to show which device it is.
    pub(super) fn identifies(&self, now_ms: u64) -> bool {
        self.identify.is_some_and(|(from, until)| (from..until).contains(&now_ms))
    }

    /// Whether it shines, and when that has to be asked again at the latest.
    pub(super) fn at(&self, now_ms: u64) -> (bool, Option<u64>) {
        if let Some((from, until)) = self.identify
            && self.identifies(now_ms)
        {
            let (on, next) = blink(now_ms - from, IDENTIFY_MS);
            return (on, Some((now_ms + next).min(until)));
        }
        if !self.connected {
            let (on, next) = blink(now_ms, SEARCH_MS);
            return (on, Some(now_ms + next));
        }
        match self.winked_ms.map(|winked| winked + WINK_MS) {
            Some(until) if now_ms < until => (false, Some(until)),
            _ => (true, None),
        }
    }
}

/// Whether a blinking light is on after `passed_ms`, and how long it stays so.
fn blink(passed_ms: u64, half_ms: u64) -> (bool, u64) {
    ((passed_ms / half_ms).is_multiple_of(2), half_ms - passed_ms % half_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows the light as the agent does: asks again when told to.
    fn shown(light: &Light, from_ms: u64, until_ms: u64) -> Vec<(u64, bool)> {
        let (mut now, mut shown) = (from_ms, Vec::new());
        loop {
            let (on, next) = light.at(now);
            shown.push((now, on));
            match next {
                Some(next) if next < until_ms => now = next,
                _ => return shown,
            }
        }
    }

    #[test]
    fn without_a_connection_it_blinks_slowly() {
        let shown = shown(&Light::default(), 10_400, 13_500);
        assert_eq!(shown, [(10_400, true), (11_000, false), (12_000, true), (13_000, false)]);
    }

    #[test]
    fn connected_it_is_steady_and_winks_at_each_message() {
        let mut light = Light::default();
        light.connected(true);
        assert_eq!(light.at(5_000), (true, None), "nothing to wake up for");
        light.wink(5_000);
        assert_eq!(shown(&light, 5_000, 9_000), [(5_000, false), (5_060, true)]);
    }

    #[test]
    fn identify_blinks_quickly_for_its_time_whatever_else() {
        let mut light = Light::default();
        light.connected(true);
        light.identify(1_050, 1_500);
        light.wink(1_100);
        let shown = shown(&light, 1_050, 2_000);
        let expected =
            [(1_050, true), (1_150, false), (1_250, true), (1_350, false), (1_450, true), (1_500, true)];
        assert_eq!(shown, expected);
        assert!(light.identifies(1_499) && !light.identifies(1_500));
    }
}

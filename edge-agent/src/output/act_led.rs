//! The light on the Pi itself, by the kernel's LED class.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What the kernel calls it: the newer name, and the older.
const NAMES: [&str; 2] = ["ACT", "led0"];

/// The green light, borrowed from what the kernel shows with it.
#[derive(Debug)]
pub(super) struct ActLed {
    folder: PathBuf,
    /// What it showed before it was borrowed.
    trigger: String,
}

impl ActLed {
    /// Takes the light over.
    pub(super) fn borrow(leds: &Path) -> io::Result<Self> {
        let folder = NAMES.iter().map(|name| leds.join(name)).find(|folder| folder.exists());
        let folder = folder.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let trigger = selected(&fs::read_to_string(folder.join("trigger"))?);
        let led = Self { folder, trigger };
        fs::write(led.folder.join("trigger"), "none")?;
        Ok(led)
    }

    pub(super) fn set(&self, on: bool) {
        self.write("brightness", if on { "1" } else { "0" });
    }

    fn write(&self, file: &str, text: &str) {
        if let Err(error) = fs::write(self.folder.join(file), text) {
            tracing::debug!(%error, "the light of the Pi does not follow");
        }
    }
}

impl Drop for ActLed {
    fn drop(&mut self) {
        self.write("trigger", &self.trigger);
    }
}

/// Of a list like `none [mmc0] timer` the one in brackets.
fn selected(triggers: &str) -> String {
    let chosen = triggers.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    chosen.unwrap_or("none").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_borrowed_and_given_back() {
        let leds = tempfile::tempdir().unwrap();
        let act = leds.path().join("ACT");
        fs::create_dir(&act).unwrap();
        fs::write(act.join("trigger"), "none timer [mmc0] heartbeat\n").unwrap();
        let read = |file: &str| fs::read_to_string(act.join(file)).unwrap();
        let led = ActLed::borrow(leds.path()).unwrap();
        assert_eq!(read("trigger"), "none");
        led.set(true);
        assert_eq!(read("brightness"), "1");
        led.set(false);
        assert_eq!(read("brightness"), "0");
        drop(led);
        assert_eq!(read("trigger"), "mmc0");
    }

    #[test]
    fn a_machine_without_one_says_so() {
        let leds = tempfile::tempdir().unwrap();
        assert_eq!(ActLed::borrow(leds.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

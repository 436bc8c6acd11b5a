//! A reader of the live stream.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

/// Server-sent events, read in the background.
pub struct Events {
    received: Receiver<(String, Value)>,
}

impl Events {
    /// Connects and reads until the hub ends the stream.
    ///
    /// # Panics
    /// When there is no stream at the URL.
    pub fn open(url: &str) -> Self {
        let answer = ureq::get(url).call().unwrap_or_else(|error| panic!("no stream at {url}: {error}"));
        let lines = BufReader::new(answer.into_body().into_reader()).lines();
        let (sender, received) = channel();
        thread::spawn(move || {
            let mut name = String::new();
            for line in lines.map_while(Result::ok) {
                if let Some(event) = line.strip_prefix("event:") {
                    event.trim().clone_into(&mut name);
                } else if let Some(data) = line.strip_prefix("data:") {
                    let data = serde_json::from_str(data).unwrap_or(Value::Null);
                    if sender.send((name.clone(), data)).is_err() {
                        return;
                    }
                }
            }
        });
        Self { received }
    }

    /// Waits for an event that `wanted` accepts, and returns its data.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn await_event(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + crate::PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (event, data) =
                self.received.recv_timeout(left).unwrap_or_else(|_| panic!("no {name:?} event in time"));
            if event == name && wanted(&data) {
                return data;
            }
        }
    }
}

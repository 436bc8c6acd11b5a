//! What a new configuration changes of the publisher.

use super::{Connection, Publisher};
use crate::discovery::Discovery;
use protocol::{MetricDescription, SensorId, Topics};
use std::collections::BTreeSet;

impl Publisher {
    /// Describes the device otherwise from now on, and tells it if it is not as before. `host` are the sensors
    /// of the machine itself.
    pub fn describe(
        &mut self,
        interval_ms: u64,
        window_ms: u64,
        metrics: &[MetricDescription],
        host: BTreeSet<SensorId>,
        connection: &Connection,
    ) {
        let birth = &mut self.birth;
        if (birth.interval_ms, birth.window_ms, birth.metrics.as_slice()) == (interval_ms, window_ms, metrics)
        {
            return;
        }
        let before = birth.clone();
        (birth.interval_ms, birth.window_ms, birth.metrics) = (interval_ms, window_ms, metrics.to_vec());
        self.discovery.change(&before, birth, host);
        if self.connected {
            self.announce(connection);
        }
    }

    /// The sensors of the machine itself.
    pub fn host_sensors(&self) -> &BTreeSet<SensorId> {
        self.discovery.host_sensors()
    }

    /// Ends a connection, for another to be made where messages go to `topics`. What was not acknowledged goes
    /// out then.
    pub async fn change_connection(&mut self, connection: Connection, topics: Topics, discovery: Discovery) {
        let elsewhere = discovery.topic() != self.discovery.topic();
        if self.connected && elsewhere && self.discovery.is_enabled() {
            // Nobody would look there any more to take it back. If there is no room, it stays.
            let _ = connection.publish(self.discovery.topic(), 1, true, Vec::new());
        }
        self.leave(connection).await;
        (self.topics, self.discovery) = (topics, discovery);
    }
}

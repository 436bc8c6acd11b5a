//! Forgetting a device: in the store, in memory and at the broker, so that it does not come back by itself.

use crate::{
    api::Check,
    events::Recorder,
    mqtt::Outgoing,
    store::writer::{Forgetter, Unwritten},
    stream::Stream,
};
use bytes::Bytes;
use protocol::{Channel, DeviceId, Topic, Topics};
use tokio::sync::mpsc;

/// What a device leaves behind, and where.
pub struct Forget {
    /// History, ledger and latest values.
    pub store: Forgetter,
    /// What happened to it.
    pub events: Recorder,
    /// Those who watch.
    pub stream: Stream,
    /// The way to the broker.
    pub outgoing: mpsc::Sender<Outgoing>,
    /// Whether the broker is there.
    pub connected: Check,
    /// Where it is at the broker.
    pub topics: Topics,
}

impl Forget {
    /// Forgets a device. One that is still there comes back with its next message.
    ///
    /// # Errors
    /// What stands in the way; then the device is still known, and it can be tried again.
    pub async fn forget(&self, device: &DeviceId) -> Result<(), Unwritten> {
        (self.connected)()
            .map_err(|reason| Unwritten::Other(format!("the broker keeps its messages: {reason}")))?;
        let channels = [Channel::Status, Channel::Birth, Channel::State];
        let mut kept: Vec<String> =
            channels.into_iter().map(|channel| self.topics.device(device, channel)).collect();
        kept.push(self.topics.name(&Topic::Discovery(device.clone())));
        for topic in kept {
            let nothing = Outgoing { topic, payload: Bytes::new(), qos: 1, retained: true };
            let sent = self.outgoing.send(nothing).await;
            sent.map_err(|_| Unwritten::Other("the hub is about to end".to_owned()))?;
        }
        if !self.events.forget(device) {
            return Err(Unwritten::Other("too many events wait for the disk".to_owned()));
        }
        self.store.forget(device).await?;
        self.stream.forgotten(device);
        Ok(())
    }
}

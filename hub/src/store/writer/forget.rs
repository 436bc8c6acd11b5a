//! Forgetting a device, by the thread that knows everything of it.

use super::{Order, Unwritten, thread::Worker};
use protocol::DeviceId;
use std::{sync::mpsc, time::Duration};
use tokio::sync::oneshot;

/// How long the writer may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device to be forgotten, and who wants to know.
pub(super) struct Request {
    device: DeviceId,
    done: oneshot::Sender<Result<(), Unwritten>>,
}

/// Has devices forgotten. Cheap to clone.
#[derive(Clone)]
pub struct Forgetter {
    orders: mpsc::Sender<Order>,
}

impl Forgetter {
    pub(super) fn new(orders: mpsc::Sender<Order>) -> Self {
        Self { orders }
    }

    /// Forgets all that store and state know of a device, after what was submitted before.
    ///
    /// # Errors
    /// Why not; nothing has changed then, unless it merely took too long.
    pub async fn forget(&self, device: &DeviceId) -> Result<(), Unwritten> {
        let (done, answer) = oneshot::channel();
        // A writer that is gone drops the request, which the answer tells.
        let _ = self.orders.send(Order::Forget(Request { device: device.clone(), done }));
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Unwritten::Other("the store's writer is gone".to_owned())),
            Err(_) => Err(Unwritten::Busy),
        }
    }
}

impl Worker {
    /// To be called when all that came before the requests is committed.
    pub(super) fn forget_due(&mut self) {
        for Request { device, done } in std::mem::take(&mut self.forgetting) {
            // Nobody may be waiting any more.
            let _ = done.send(self.forget(&device));
        }
    }

    fn forget(&mut self, device: &DeviceId) -> Result<(), Unwritten> {
        if self.failing {
            return Err(Unwritten::Failing);
        }
        // Out of the memory first: nothing may be saved again behind the store's back.
        let known = self.state.remove(device);
        self.unsaved.remove(device);
        self.cached.retain(|source, _| source.device != *device);
        self.store.forget(device).map_err(|error| {
            if let Some(known) = known {
                self.state.put_back(device, known);
            }
            Unwritten::Other(error.to_string())
        })
    }
}

//! What people say of devices and choose for the hub, written by the one thread that writes.

use super::{Order, Unwritten, thread::Worker};
use crate::{labels::Labels, settings::Chosen, state::Device};
use protocol::DeviceId;
use std::{sync::mpsc, time::Duration};
use tokio::sync::oneshot;

/// How long the writer may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something to be noted, and who wants to know.
pub(super) struct Request {
    note: Note,
    done: oneshot::Sender<Result<Option<Device>, Unwritten>>,
}

enum Note {
    Labels(DeviceId, Labels),
    Chosen(Chosen),
}

/// Has notes written. Cheap to clone.
#[derive(Clone)]
pub struct Notes {
    orders: mpsc::Sender<Order>,
}

impl Notes {
    pub(super) fn new(orders: mpsc::Sender<Order>) -> Self {
        Self { orders }
    }

    /// Writes what people say of a device, on disk and then in the state. Gives the device as it is then; `None` when
    /// it was forgotten meanwhile.
    ///
    /// # Errors
    /// Why not; nothing has changed then, unless it merely took too long.
    pub async fn label(&self, device: &DeviceId, labels: Labels) -> Result<Option<Device>, Unwritten> {
        self.note(Note::Labels(device.clone(), labels)).await
    }

    /// Writes what was chosen for the hub.
    ///
    /// # Errors
    /// Why not; nothing has changed then, unless it merely took too long.
    pub async fn choose(&self, chosen: Chosen) -> Result<(), Unwritten> {
        self.note(Note::Chosen(chosen)).await.map(|_| ())
    }

    async fn note(&self, note: Note) -> Result<Option<Device>, Unwritten> {
        let (done, answer) = oneshot::channel();
        // A writer that is gone drops the request, which the answer tells.
        let _ = self.orders.send(Order::Note(Request { note, done }));
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Unwritten::Other("the store's writer is gone".to_owned())),
            Err(_) => Err(Unwritten::Busy),
        }
    }
}

impl Worker {
    /// Writes a note at once: it depends on nothing that waits, for a device that is to be forgotten is still known.
    pub(super) fn take_note(&mut self, Request { note, done }: Request) {
        // Nobody may be waiting any more.
        let _ = done.send(self.note(&note));
    }

    fn note(&mut self, note: &Note) -> Result<Option<Device>, Unwritten> {
        if self.failing {
            return Err(Unwritten::Failing);
        }
        match note {
            Note::Labels(device, labels) => {
                if self.state.get(device).is_none() {
                    return Ok(None);
                }
                self.store.label(device, labels).map_err(|error| Unwritten::Other(error.to_string()))?;
                Ok(self.state.label(device, labels))
            }
            Note::Chosen(chosen) => {
                self.store.choose(chosen).map_err(|error| Unwritten::Other(error.to_string()))?;
                Ok(None)
            }
        }
    }
}

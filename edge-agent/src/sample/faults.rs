//! Faults in the log: a line when one begins, changes or ends, none while it lasts.

use protocol::{Fault, SensorId};
use std::collections::BTreeMap;

/// Remembers which sensors are in fault.
#[derive(Debug, Default)]
pub(super) struct FaultLog {
    current: BTreeMap<SensorId, Fault>,
}

impl FaultLog {
    pub(super) fn note(&mut self, faults: &[(SensorId, Fault)]) {
        self.current.retain(|sensor, _| {
            let lasts = faults.iter().any(|(id, _)| id == sensor);
            if !lasts {
                tracing::info!(%sensor, "sensor recovered");
            }
            lasts
        });
        for (sensor, fault) in faults {
            if self.current.get(sensor) != Some(fault) {
                tracing::warn!(%sensor, %fault, "sensor in fault");
                self.current.insert(sensor.clone(), *fault);
            }
        }
    }
}

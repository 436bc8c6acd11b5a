//! Sensors: anything sampled, of the host or on a bus. A new one is a file here and a line in
//! [`registry`].

use crate::clock::Moment;
use protocol::{Fault, MetricDescription, SensorId};

/// Something that is sampled at every tick.
///
/// A sensor is read on a thread that it does not share with async code, so it may block; one that hangs
/// is left behind and told as [`Fault::NoAnswer`].
pub trait Sensor: Send {
    /// Its id, by which faults are told.
    fn id(&self) -> &SensorId;

    /// What it measures on this machine, fixed once it exists. A figure that the machine does not have is
    /// not listed.
    fn metrics(&self) -> &[MetricDescription];

    /// Takes one reading of each metric, in the order of [`Sensor::metrics`], into `values`. An entry left
    /// `None` has no value at this tick (a rate at the first one, say), which is no fault.
    ///
    /// # Errors
    /// The one fault that explains why there are no readings. `values` is then ignored.
    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault>;
}

/// Sensors that are read one after the other, on one thread.
pub struct Lane {
    /// Name of the thread.
    pub name: String,
    /// The sensors, in the order in which they are read.
    pub sensors: Vec<Box<dyn Sensor>>,
}

//! What is sampled of the machine itself.

use serde::Deserialize;
use std::path::PathBuf;

/// Which figures of the machine itself are sampled. All but the processes, unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Load of each CPU and of all.
    pub cpu: bool,
    /// Memory in use, available and in caches.
    pub memory: bool,
    /// Swap in use.
    pub swap: bool,
    /// Traffic of the network interfaces, all together.
    pub network: bool,
    /// With `network`: traffic of each interface as well.
    pub network_per_interface: bool,
    /// Space in use on the disks.
    pub disk: bool,
    /// What each disk reads and writes.
    pub disk_io: bool,
    /// Uptime, load and number of processes.
    pub system: bool,
    /// Temperature, clock and core voltage of the processor.
    pub soc: bool,
    /// What a Raspberry Pi's firmware says of its power: undervoltage, throttling and the like.
    pub power: bool,
    /// The five processes that use the most CPU and the five that use the most memory, in `state`. Off
    /// unless turned on: it costs more than all the rest together.
    pub top_processes: bool,
    /// The network interfaces that count; those with a device, so no bridges and tunnels, when not given.
    pub network_interfaces: Option<Vec<String>>,
    /// Where the disks are mounted that are watched; `/` when not given.
    pub disk_mounts: Option<Vec<PathBuf>>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cpu: true,
            memory: true,
            swap: true,
            network: true,
            network_per_interface: true,
            disk: true,
            disk_io: true,
            system: true,
            soc: true,
            power: true,
            top_processes: false,
            network_interfaces: None,
            disk_mounts: None,
        }
    }
}

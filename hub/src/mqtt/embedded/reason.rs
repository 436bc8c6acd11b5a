//! Reason codes of MQTT 5. Those of SUBACK that are errors are 0x80 in MQTT 3.1.1.

pub(super) const NO_SUBSCRIPTION: u8 = 0x11;
pub(super) const UNSPECIFIED: u8 = 0x80;
pub(super) const NOT_AUTHORIZED: u8 = 0x87;
pub(super) const SHUTTING_DOWN: u8 = 0x8B;
pub(super) const KEEP_ALIVE: u8 = 0x8D;
pub(super) const TAKEN_OVER: u8 = 0x8E;
pub(super) const FILTER: u8 = 0x8F;
pub(super) const UNKNOWN_NUMBER: u8 = 0x92;
pub(super) const QUOTA: u8 = 0x97;

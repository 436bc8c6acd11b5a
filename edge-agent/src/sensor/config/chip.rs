//! The config of the kinds of chips on an I2C bus.

/// Declares the config of a kind of chip on an I2C bus: the keys that all have, and its own with their
/// defaults; after its address all that it can have, and `is_told_altitude` if it is. Its driver adds `fn chip(&self, bus: SharedBus) -> Box<dyn Chip>`.
macro_rules! chip_config {
    (
        $(#[$doc:meta])*
        $config:ident, $kind:literal at $address:literal $(of [$($possible:literal),+])? $(, $is_told:ident)? {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $config {
            /// Tells it from others: its sensor id, and the beginning of its metrics' names. Without one the
            /// id is its kind and the metrics have their plain names.
            pub name: Option<$crate::sensor::InstanceName>,
            /// What people call it.
            pub label: Option<String>,
            /// The bus that it hangs on.
            pub bus: $crate::sensor::BusConfig,
            /// Its address on the bus.
            pub address: $crate::sensor::Address,
            /// After how many seconds without the change of a single bit it is stuck; 0 is never. Depends on
            /// the kind when not given.
            pub stuck_after_seconds: Option<u32>,
            /// Whether dew point, absolute humidity, pressure at sea level and pressure tendency are told as
            /// well, those of them that follow from what it measures.
            pub derived: bool,
            /// How high it is, in metres above the sea, which gives the pressure at sea level.
            pub altitude_meters: Option<$crate::sensor::Altitude>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $config {
            fn default() -> Self {
                Self {
                    name: None,
                    label: None,
                    bus: $crate::sensor::BusConfig::default(),
                    address: $crate::sensor::Address::at($address),
                    stuck_after_seconds: None,
                    derived: true,
                    altitude_meters: None,
                    $($field: $default,)*
                }
            }
        }

        impl $config {
            /// The sensor so configured, but on `bus`. Nothing is transferred before the first reading.
            pub fn sensor(&self, bus: Box<dyn $crate::bus::Bus>) -> $crate::sensor::ChipSensor {
                use $crate::sensor::config::Kind;
                let chip = self.chip($crate::bus::SharedBus::new(bus));
                $crate::sensor::ChipSensor::new(&self.common(), chip)
            }

            /// How it is called in the log.
            fn title(&self, chip: &str) -> String {
                format!("{chip} at {:#04x} of {}", self.address.get(), self.bus)
            }
        }

        impl $crate::sensor::config::Kind for $config {
            fn common(&self) -> $crate::sensor::Common<'_> {
                $crate::sensor::Common {
                    kind: $kind,
                    name: self.name.as_ref(),
                    label: self.label.as_deref(),
                    stuck_after_seconds: self.stuck_after_seconds,
                    derived: self.derived,
                    altitude: self.altitude_meters,
                }
            }

            fn place(&self) -> Option<(&$crate::sensor::BusConfig, $crate::sensor::Address)> {
                Some((&self.bus, self.address))
            }

            $(fn addresses(&self) -> &'static [u8] {
                &[$($possible),+]
            })?

            $(fn $is_told(&self) -> bool {
                true
            })?

            fn build(&self) -> Box<dyn $crate::sensor::Sensor> {
                let bus = self.bus.open($kind, self.address, self.name.as_ref());
                $crate::sensor::derived::with_derived(Box::new(self.sensor(bus)), &self.common())
            }
        }
    };
}
pub(in crate::sensor) use chip_config;

//! What the agent is told about Home Assistant.

use protocol::Prefix;

/// How the device is announced to Home Assistant. On unless told otherwise: it is one retained message,
/// which a broker without Home Assistant keeps unread.
#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct HomeAssistantConfig {
    /// Whether it is announced. Turned off, an announcement of before is taken back.
    #[config(env = "EDGEWISE_HOME_ASSISTANT_ENABLED", default = true)]
    pub enabled: bool,

    /// First levels of the topic, as in Home Assistant's MQTT options.
    #[config(env = "EDGEWISE_HOME_ASSISTANT_DISCOVERY_PREFIX", default = "homeassistant")]
    pub discovery_prefix: Prefix,

    /// Where Home Assistant says `online` when it has started: its birth message.
    #[config(default = "homeassistant/status")]
    pub status_topic: Prefix,
}

//! The message itself: one device with all its components.
//!
//! The keys are Home Assistant's, <https://www.home-assistant.io/integrations/mqtt/#discovery-payload>.

use super::class::{self, Class, Platform};
use protocol::{
    Birth, Channel, CommandName, DeviceId, Kind, MetricDescription, SensorId, Topics, Unit, Version,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who wrote a message, and by which ours are told from others'.
pub(super) const ORIGIN: &str = "Edgewise";
/// A reading is old after this many intervals without a message,
const EXPIRES_AFTER_INTERVALS: u64 = 5;
/// and never before the broker would have noticed that the device is gone.
const EXPIRES_AFTER_SECONDS: u64 = 30;

/// How long a command of Home Assistant is good for: longer than messages take, shorter than people wait.
const COMMAND_SECONDS: u32 = 30;

/// What is announced apart from the birth.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) device: DeviceId,
    pub(super) status_topic: String,
    pub(super) state_topic: String,
    pub(super) command_topic: String,
    /// The sensors of the machine itself.
    pub(super) host: BTreeSet<SensorId>,
    /// The outputs that obey commands, by the sensors that tell their states.
    pub(super) switches: BTreeSet<SensorId>,
}

impl Facts {
    pub(super) fn new(topics: &Topics, device: DeviceId, host: BTreeSet<SensorId>) -> Self {
        let topic = |channel| topics.device(&device, channel);
        Self {
            status_topic: topic(Channel::Status),
            state_topic: topic(Channel::State),
            command_topic: topic(Channel::Command),
            device,
            host,
            switches: BTreeSet::new(),
        }
    }

    /// The id of a metric's component. An id is of one platform for ever, so a switch that becomes a mere
    /// flag is another component.
    pub(super) fn component(&self, metric: &MetricDescription) -> String {
        if self.is_switch(metric) { format!("{}_switch", metric.sensor) } else { metric.name.to_string() }
    }

    fn is_switch(&self, metric: &MetricDescription) -> bool {
        metric.unit == Unit::Flag && self.switches.contains(&metric.sensor)
    }
}

/// Components by their id, with the word that tells Home Assistant to remove each.
pub(super) type Gone = BTreeMap<String, String>;

#[derive(Serialize)]
struct Document<'a> {
    device: Device<'a>,
    origin: Origin<'a>,
    state_topic: &'a str,
    components: BTreeMap<String, Component<'a>>,
}

#[derive(Serialize)]
struct Device<'a> {
    identifiers: [String; 1],
    name: &'a DeviceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<&'a str>,
    sw_version: &'a str,
}

#[derive(Serialize)]
struct Origin<'a> {
    name: &'a str,
    sw_version: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Component<'a> {
    Here(Box<Entity<'a>>),
    /// The platform alone removes what was there under the same id.
    Gone {
        platform: &'a str,
    },
}

#[derive(Serialize)]
struct Entity<'a> {
    platform: Platform,
    unique_id: String,
    default_entity_id: String,
    name: &'a str,
    value_template: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_of_measurement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled_by_default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_template: Option<String>,
    availability: [Availability<'a>; 2],
    availability_mode: &'a str,
}

#[derive(Serialize)]
struct Availability<'a> {
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_template: Option<String>,
}

/// The payload that announces what `birth` lists, and removes what is `gone`.
pub(super) fn document(facts: &Facts, birth: &Birth, gone: &Gone) -> Vec<u8> {
    let mut components: BTreeMap<String, Component<'_>> =
        gone.iter().map(|(id, platform)| (id.clone(), Component::Gone { platform })).collect();
    for metric in &birth.metrics {
        let entity = Box::new(entity(facts, birth, metric));
        components.insert(facts.component(metric), Component::Here(entity));
    }
    let model = birth.model.as_deref();
    let pi = "Raspberry Pi";
    let document = Document {
        device: Device {
            identifiers: [format!("edgewise_{}", facts.device)],
            name: &facts.device,
            manufacturer: model.filter(|model| model.starts_with(pi)).map(|_| pi),
            model,
            serial_number: birth.serial.as_deref(),
            sw_version: &birth.agent_version,
        },
        origin: Origin { name: ORIGIN, sw_version: &birth.agent_version },
        state_topic: &facts.state_topic,
        components,
    };
    serde_json::to_vec(&document).expect("texts and maps with text keys have a JSON form")
}

fn entity<'a>(facts: &'a Facts, birth: &Birth, metric: &'a MetricDescription) -> Entity<'a> {
    let (name, is_switch) = (&metric.name, facts.is_switch(metric));
    let class = if is_switch { Class::switch() } else { Class::of(metric) };
    let is_sensor = class.platform == Platform::Sensor;
    // A counter's mean says nothing, and a flag's is a share of the time.
    let map = if is_sensor && metric.kind == Kind::Gauge { "mean" } else { "now" };
    let value = format!("value_json.{map}.get('{name}')");
    let value_template = match class.decimals {
        _ if !is_sensor => format!("{{{{ {{1: 'ON', 0: 'OFF'}}.get({value}) }}}}"),
        None => format!("{{{{ {value} }}}}"),
        Some(decimals) => format!("{{{{ {value} | round({decimals}, default=none) }}}}"),
    };
    let present = format!("{{{{ 'online' if '{name}' in value_json.{map} else 'offline' }}}}");
    let of_host = facts.host.contains(&metric.sensor);
    let (component, platform) = (facts.component(metric), class.platform.as_str());
    let slug = facts.device.as_str().to_ascii_lowercase().replace('-', "_");
    let expires_s = (birth.interval_ms * EXPIRES_AFTER_INTERVALS).div_ceil(1000);
    Entity {
        platform: class.platform,
        unique_id: format!("edgewise_{}_{component}", facts.device),
        default_entity_id: format!("{platform}.{slug}_{component}"),
        name: &metric.label,
        value_template,
        device_class: class.device_class,
        state_class: class.state_class,
        unit_of_measurement: class.unit,
        entity_category: of_host.then_some("diagnostic"),
        enabled_by_default: (of_host && !class::is_shown_at_first(metric)).then_some(false),
        // Switches have no such key.
        expire_after: (!is_switch).then_some(expires_s.max(EXPIRES_AFTER_SECONDS)),
        command_topic: is_switch.then_some(facts.command_topic.as_str()),
        command_template: is_switch.then(|| set_output(&metric.sensor)),
        availability: [
            Availability { topic: &facts.status_topic, value_template: None },
            Availability { topic: &facts.state_topic, value_template: Some(present) },
        ],
        availability_mode: "all",
    }
}

/// A template that makes a command of `ON` or `OFF`. The time makes its id one of its own.
fn set_output(output: &SensorId) -> String {
    let name = serde_json::to_string(&CommandName::SetOutput).expect("a name of a command has a JSON form");
    format!(
        "{{% set time = as_timestamp(now()) %}}{{\"version\": {}, \"id\": \"home-assistant-{output}-{{{{ time }}}}\", \
         \"name\": {name}, \"arguments\": {{\"{output}\": {{{{ 1 if value == 'ON' else 0 }}}}}}, \
         \"expires_ms\": {{{{ ((time + {COMMAND_SECONDS}) * 1000) | int }}}}}}",
        Version::NUMBER
    )
}

/// What is read of a message that was there before.
#[derive(Deserialize)]
struct Previous {
    origin: PreviousOrigin,
    components: BTreeMap<String, PreviousComponent>,
}

#[derive(Deserialize)]
struct PreviousOrigin {
    name: String,
}

#[derive(Deserialize)]
struct PreviousComponent {
    platform: String,
}

/// The components of an earlier message of ours; `None` when it is somebody else's, or no message at all.
pub(super) fn components_of(payload: &[u8]) -> Option<Gone> {
    let previous: Previous = serde_json::from_slice(payload).ok()?;
    (previous.origin.name == ORIGIN)
        .then(|| previous.components.into_iter().map(|(id, c)| (id, c.platform)).collect())
}

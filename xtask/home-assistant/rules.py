"""Home Assistant's own rules for a discovery message of a device."""

import copy
import json

import probatio
from homeassistant.components import sensor
from homeassistant.components.mqtt import binary_sensor as mqtt_binary_sensor
from homeassistant.components.mqtt import sensor as mqtt_sensor
from homeassistant.components.mqtt import switch as mqtt_switch
from homeassistant.components.mqtt.discovery import _merge_common_device_options
from homeassistant.components.mqtt.schemas import (
    DEVICE_DISCOVERY_SCHEMA,
    validate_device_discovery_components,
)
from homeassistant.core import valid_entity_id

# These are the schemas for what people write themselves. Those for discovery drop unknown keys without a
# word, these refuse them, and are the same in all else.
PLATFORMS = {
    "binary_sensor": mqtt_binary_sensor.PLATFORM_SCHEMA_MODERN,
    "sensor": mqtt_sensor.PLATFORM_SCHEMA_MODERN,
    "switch": mqtt_switch.PLATFORM_SCHEMA_MODERN,
}


def complaints(message):
    """Everything that Home Assistant would refuse, drop or warn about. `message` is left as it is."""
    message = copy.deepcopy(message)
    try:
        validate_device_discovery_components(DEVICE_DISCOVERY_SCHEMA(message))
    except probatio.Invalid as error:
        return [str(error)]
    found = []
    unique_ids = set()
    for name, component in message["components"].items():
        platform = component.pop("platform")
        if not component:
            continue  # to be removed
        _merge_common_device_options(component, message)
        if platform not in PLATFORMS:
            found.append(f"{name}: no rules for the platform {platform} here")
            continue
        try:
            PLATFORMS[platform](component)
        except probatio.Invalid as error:
            found.append(f"{name}: {error}")
            continue
        found += [f"{name}: {what}" for what in doubts(platform, component)]
        if (unique_id := component["unique_id"]) in unique_ids:
            found.append(f"{name}: the unique id {unique_id} is there twice")
        unique_ids.add(unique_id)
    return found


def doubts(platform, component):
    """What passes the schemas and is wrong all the same."""
    entity_id = component.get("default_entity_id", "")
    if not valid_entity_id(entity_id) or not entity_id.startswith(f"{platform}."):
        yield f"{entity_id!r} is no entity id of a {platform}"
    if platform == "sensor" and (device_class := component.get("device_class")):
        # Checked when a state is written, and only logged.
        state_class = component.get("state_class")
        legal = sensor.const.DEVICE_CLASS_STATE_CLASSES[device_class]
        if state_class is not None and state_class not in legal:
            yield f"the state class {state_class} is not for the device class {device_class}"
        units = sensor.DEVICE_CLASS_UNITS.get(device_class)
        if units is not None and component.get("unit_of_measurement") not in units:
            yield f"the device class {device_class} needs a unit"


def temperature(message):
    return next(c for c in message["components"].values() if c.get("device_class") == "temperature")


def flag(message):
    return next(c for c in message["components"].values() if c["platform"] == "binary_sensor")




# What could go wrong in a message, and must not pass. Each takes a right message and spoils it.
MUTATIONS = {
    "a unit of another device class": lambda m: temperature(m).update(unit_of_measurement="%"),
    "no unit": lambda m: temperature(m).pop("unit_of_measurement"),
    "a state class of another device class": lambda m: temperature(m).update(state_class="total_increasing"),
    "a state class that does not exist": lambda m: temperature(m).update(state_class="mean"),
    "a device class that does not exist": lambda m: temperature(m).update(device_class="warmth"),
    "object_id, which is of the past": lambda m: temperature(m).update(object_id="roof"),
    "a key that does not exist": lambda m: temperature(m).update(colour="red"),
    "no platform": lambda m: temperature(m).pop("platform"),
    "a platform that does not exist": lambda m: temperature(m).update(platform="thermometer"),
    "no unique id": lambda m: temperature(m).pop("unique_id"),
    "a unique id twice": lambda m: temperature(m).update(unique_id=flag(m)["unique_id"]),
    "an entity id of another platform": lambda m: flag(m).update(default_entity_id="sensor.door"),
    "an entity id with a dash": lambda m: flag(m).update(default_entity_id="binary_sensor.do-or"),
    "a unit on a flag": lambda m: flag(m).update(unit_of_measurement="%"),
    "a state class on a flag": lambda m: flag(m).update(state_class="measurement"),
    "a template that is none": lambda m: temperature(m).update(value_template="{{ value_json. }}"),
    "a time that is none": lambda m: temperature(m).update(expire_after=-1),
    "a category that sensors cannot have": lambda m: temperature(m).update(entity_category="config"),
    "an availability mode that does not exist": lambda m: temperature(m).update(availability_mode="both"),
    "an availability without a topic": lambda m: temperature(m)["availability"][0].pop("topic"),
    "a state topic with a wildcard in a level": lambda m: m.update(state_topic="edgewise/x+/state"),
    "no state topic": lambda m: m.pop("state_topic"),
    "no origin": lambda m: m.pop("origin"),
    "an origin without a name": lambda m: m["origin"].pop("name"),
    "a device without identifiers": lambda m: m["device"].pop("identifiers"),
    "a device key that does not exist": lambda m: m["device"].update(serial="1"),
    "no components": lambda m: m.pop("components"),
}


def check(what, message):
    """Fails unless Home Assistant would take the message without a word."""
    found = complaints(message)
    assert not found, f"{what}: " + "; ".join(found)


def check_that_wrong_messages_fail(message):
    """Fails unless every mutation of a right message is noticed."""
    for name, spoil in MUTATIONS.items():
        spoiled = copy.deepcopy(message)
        spoil(spoiled)
        assert json.dumps(spoiled) != json.dumps(message), f"{name} changes nothing"
        assert complaints(spoiled), f"{name} passes unnoticed"
    return len(MUTATIONS)

"""A running Home Assistant with nothing but its MQTT integration."""

import asyncio
import logging
import time
from types import MappingProxyType

from homeassistant import config_entries, core, loader
from homeassistant.components import mqtt
from homeassistant.components.mqtt.const import CONFIG_ENTRY_MINOR_VERSION, CONFIG_ENTRY_VERSION
from homeassistant.helpers import (
    area_registry,
    category_registry,
    device_registry,
    entity,
    entity_registry,
    floor_registry,
    frame,
    issue_registry,
    label_registry,
    restore_state,
    template,
    translation,
)
from homeassistant.helpers.storage import get_internal_store_manager

# How long anything that is meant to happen may take.
PATIENCE = 40


class Complaints(logging.Handler):
    """Keeps what Home Assistant warns about."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.name}: {record.getMessage()}")


class Instance:
    """Home Assistant, started as its own `bootstrap` does but without everything else that it would load."""

    async def start(self, directory, port):
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)
        (directory / "configuration.yaml").touch()
        hass = self.hass = core.HomeAssistant(str(directory))
        hass.config.skip_pip = True
        loader.async_setup(hass)
        hass.config_entries = config_entries.ConfigEntries(hass, {})
        for module in (entity, frame, template, translation, device_registry):
            module.async_setup(hass)
        registries = (area_registry, category_registry, device_registry, entity_registry, floor_registry)
        registries += (issue_registry, label_registry, restore_state)
        # At the same time: they wait for one another.
        await asyncio.gather(
            get_internal_store_manager(hass).async_initialize(),
            hass.config_entries.async_initialize(),
            *(registry.async_load(hass, load_empty=True) for registry in registries),
        )
        # Its web server and uploads are for people. Nobody else is to be able to reach this one.
        hass.config.components.update({"http", "file_upload"})
        entry = config_entries.ConfigEntry(
            version=CONFIG_ENTRY_VERSION,
            minor_version=CONFIG_ENTRY_MINOR_VERSION,
            domain="mqtt",
            title="broker",
            source="user",
            unique_id=None,
            data={"broker": "127.0.0.1", "port": port, "protocol": "5"},
            options={},
            discovery_keys=MappingProxyType({}),
            subentries_data=None,
        )
        await hass.config_entries.async_add(entry)
        assert entry.state is config_entries.ConfigEntryState.LOADED, f"{entry.state}: {entry.reason}"
        await hass.async_start()

    async def stop(self):
        await self.hass.async_stop(force=True)

    async def publish(self, topic, payload):
        await mqtt.async_publish(self.hass, topic, payload, qos=1, retain=True)

    async def call(self, domain, service, entity_id):
        """Does what a click does."""
        await self.hass.services.async_call(domain, service, {"entity_id": entity_id}, blocking=True)

    async def subscribe(self, topic, callback):
        await mqtt.async_subscribe(self.hass, topic, callback)

    def state(self, entity_id):
        """What an entity shows; `None` when there is none."""
        state = self.hass.states.get(entity_id)
        return state and state.state

    def attributes(self, entity_id):
        return self.hass.states.get(entity_id).attributes

    def entities(self):
        """The entity ids that Home Assistant knows, shown or not."""
        return {entry.entity_id for entry in entity_registry.async_get(self.hass).entities.values()}

    def devices(self):
        return list(device_registry.async_get(self.hass).devices)


async def eventually(what, probe):
    """Waits until `probe` has an answer that is not `None` or false."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"in vain: waited {PATIENCE} s for {what}"
        await asyncio.sleep(0.05)
    return answer

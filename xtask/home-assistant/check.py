"""Shows Home Assistant what the agent announces, and looks at what it makes of it.

Arguments: the port of an empty broker on loopback, the agent's binary, an empty directory.
`cargo xtask test home-assistant` gives them.
"""

import asyncio
import ctypes
import json
import math
import pathlib
import signal
import subprocess
import sys

import rules
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from instance import Instance, eventually

EVERY_UNIT = pathlib.Path(__file__).parents[2] / "edge-agent/tests/discovery/every-unit.json"
CONFIG = "homeassistant/device/roof/config"
PLAIN = "interval_seconds = 1\nwindow_seconds = 4\n"
SENSOR = "[[sensor]]\nkind = 'bme280'\nname = 'outdoor'\naddress = 0x77\n"
ABSENT = PLAIN + SENSOR + "bus = '/dev/i2c-199'\n"
PRESENT = PLAIN + SENSOR + "bus = 'simulated'\n"
SWITCH = (
    PLAIN
    + "[[output]]\nrole = 'relay'\nname = 'pump'\npin = 'simulated:17'\n"
    # The clock of a container is never called synchronised.
    + "[commands]\nenabled = ['set_output']\ntrust_clock = true\n"
)
OFF = PLAIN + "[home_assistant]\nenabled = false\n"


class Agent:
    """A running agent that measures this machine and a simulated BME280."""

    def __init__(self, binary, port, directory, config):
        path = directory / "agent.toml"
        path.write_text(config)
        command = [binary, "--hub", f"mqtt://127.0.0.1:{port}", "--device", "roof", "--simulate"]
        die_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        self.log = (directory / "agent.log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--config", str(path)], stdout=self.log, stderr=self.log, preexec_fn=die_with_parent
        )

    async def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        await eventually("the agent to end", lambda: self.process.poll() is not None)
        self.log.close()


def shown(message):
    """The components that Home Assistant shows from the start."""
    components = message["components"].items()
    return {name: c for name, c in components if c.get("enabled_by_default", True) and len(c) > 1}


def available(home, component):
    return home.state(component["default_entity_id"]) not in (None, "unavailable", "unknown")


def unavailable(home, component):
    return home.state(component["default_entity_id"]) == "unavailable"


def converted(value, component, attributes):
    """The value in the unit that Home Assistant prefers to the one that was sent."""
    sent, preferred = component.get("unit_of_measurement"), attributes.get("unit_of_measurement")
    if sent == preferred:
        return value
    return UNIT_CONVERTERS[component["device_class"]].convert(value, sent, preferred)


async def every_unit(home):
    """Each unit is shown with the value that was sent, and as unavailable when its value is missing."""
    message = json.loads(EVERY_UNIT.read_text())
    rules.check("every-unit.json", message)
    mutations = rules.check_that_wrong_messages_fail(message)
    components = message["components"]
    values = {name: 0.0 if name == "door_flag" else 1.0 + n for n, name in enumerate(components)}
    values |= {"power_undervoltage_flag": 1.0}
    state = message["state_topic"]
    status = state.replace("/state", "/status")

    await home.publish("homeassistant/device/sample/config", json.dumps(message))
    await home.publish(status, "online")
    # Means and present values differ, so that the wrong one is noticed.
    counted = {n: v for n, v in values.items() if components[n].get("state_class") != "measurement"}
    await home.publish(state, json.dumps({"now": counted, "mean": {n: v for n, v in values.items() if n not in counted}}))
    for name, component in shown(message).items():
        entity_id = component["default_entity_id"]
        await eventually(f"{entity_id} to be shown", lambda: available(home, component))
        if component["platform"] == "binary_sensor":
            assert home.state(entity_id) == ("on" if values[name] else "off"), home.state(entity_id)
        else:
            expected = converted(values[name], component, home.attributes(entity_id))
            assert math.isclose(float(home.state(entity_id)), expected), f"{entity_id} is {home.state(entity_id)}"
        for key in ("device_class", "state_class"):
            assert home.attributes(entity_id).get(key) == component.get(key), f"{entity_id}: {key}"
    await home.publish(state, json.dumps({"now": {}, "mean": {}}))
    for component in components.values():
        what = f"{component['default_entity_id']} to be unavailable"
        await eventually(what, lambda: unavailable(home, component))
    await home.publish("homeassistant/device/sample/config", "")
    await eventually("the sample to be gone", lambda: not home.entities())
    print(f"every unit: {len(components)} components shown and gone, {mutations} wrong messages noticed")


async def shown_as_measured(home, states, components):
    """What the agent measures is shown as a number, and what it does not is unavailable."""
    states.clear()
    # The second: rates need one before.
    await eventually("two messages", lambda: len(states) > 1)
    for name, component in components.items():
        measured = name in states[-1]["mean"] or name in states[-1]["now"]
        expected = available if measured else unavailable
        await eventually(f"{name} to be {expected.__name__}", lambda: expected(home, component))
        if measured and component["platform"] == "sensor":
            value = home.state(component["default_entity_id"])
            assert math.isfinite(float(value)), f"{name} is {value}"


async def real_agent(home, start):
    """A real agent: readings, a fault, a death, a sensor that is removed, a switch, discovery turned off."""
    heard, states = {}, []
    await home.subscribe(CONFIG, lambda message: heard.update(config=message.payload))
    await home.subscribe("edgewise/roof/state", lambda message: states.append(json.loads(message.payload)))

    agent = start(ABSENT)
    message = json.loads(await eventually("an announcement", lambda: heard.get("config")))
    rules.check("the agent's announcement", message)
    rest = shown(message)
    outdoor = {name: rest.pop(name) for name in list(rest) if name.startswith("outdoor_")}
    assert outdoor.keys() >= {"outdoor_temperature_celsius", "outdoor_humidity_percent"}, outdoor
    await shown_as_measured(home, states, rest | outdoor)
    assert all(unavailable(home, component) for component in outdoor.values()), "a sensor that is not there"
    temperature = rest["temperature_celsius"]["default_entity_id"]
    await eventually(
        "the mean to be shown",
        lambda: float(home.state(temperature)) == round(states[-1]["mean"]["temperature_celsius"], 1),
    )
    device = next(device for device in home.devices() if device.name == "roof")
    assert ("mqtt", "edgewise_roof") in device.identifiers, device.identifiers
    entities = len(home.entities())
    assert entities == len(message["components"]), f"{entities} of {len(message['components'])} entities"

    await agent.end()
    agent = start(PRESENT)
    back = outdoor["outdoor_temperature_celsius"]
    await eventually("the sensor to come back", lambda: available(home, back))
    await shown_as_measured(home, states, rest | outdoor)

    await agent.end(signal.SIGKILL)
    for name, component in (rest | outdoor).items():
        await eventually(f"{name} to be unavailable", lambda: unavailable(home, component))

    agent = start(PLAIN)
    gone = {component["default_entity_id"] for component in outdoor.values()}
    await eventually("the removed sensor to be gone", lambda: not gone & home.entities())
    removing = json.loads(heard["config"])
    rules.check("the announcement that removes", removing)
    assert set(outdoor) <= set(removing["components"])
    await shown_as_measured(home, states, rest)

    await agent.end()
    agent = start(SWITCH)
    pump = "switch.roof_pump_switch"
    await eventually("the switch to be there", lambda: home.state(pump) == "off")
    rules.check("the announcement with a switch", json.loads(heard["config"]))
    for service, state in (("turn_on", "on"), ("turn_off", "off"), ("turn_on", "on")):
        await home.call("switch", service, pump)
        await eventually(f"the pump to be {state}", lambda: home.state(pump) == state)

    await agent.end()
    agent = start(OFF)
    await eventually("the device to be gone", lambda: not home.entities() and not home.devices())
    await agent.end()
    print(f"a real agent: {entities} components, absent, back, dead, removed, switched and turned off")


async def main(port, binary, directory):
    home = Instance()
    await home.start(directory, port)
    try:
        await every_unit(home)
        await real_agent(home, lambda config: Agent(binary, port, directory, config))
    except BaseException:
        print((directory / "agent.log").read_text() if (directory / "agent.log").exists() else "no agent yet")
        print("\n".join(home.complaints.lines))
        raise
    finally:
        await home.stop()
    assert not home.complaints.lines, "Home Assistant complains:\n" + "\n".join(home.complaints.lines)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])))

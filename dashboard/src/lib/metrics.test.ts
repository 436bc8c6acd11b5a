import { describe as suite, expect, it } from "vitest";
import { figureOf } from "./figure";
import { cpuMetrics, describe, groupMetrics, mainTemperature, otherGroups, weatherMetrics } from "./metrics";
import { birth, device, metric, state } from "./sample";

const SOC = metric("soc_temperature_celsius", "celsius", "soc");
const OUTDOOR = metric("outdoor_temperature_celsius", "celsius", "outdoor");

suite("what a device measures", () => {
  it("is its birth in the order given, then what came unannounced, with the unit of its name", () => {
    const view = device({
      birth: birth([metric("b_percent", "percent", "x")]),
      state: state({ now: { b_percent: 1, a_bytes_per_second: 2 }, mean: { z: 3 } }),
    });
    expect(describe(view).map((m) => [m.name, m.unit])).toEqual([
      ["b_percent", "percent"],
      ["a_bytes_per_second", "bytes_per_second"],
      ["z", "unknown"],
    ]);
  });

  it("has its CPUs in the order of their numbers, without the overall figure", () => {
    const names = ["cpu10_percent", "cpu_percent", "cpu2_percent", "cpu0_percent", "cpu0_celsius"];
    const cpus = cpuMetrics(names.map((name) => metric(name, "percent", "cpu")));
    expect(cpus.map((cpu) => cpu.index)).toEqual([0, 2, 10]);
  });
});

suite("weather", () => {
  it("is found with and without a sensor's prefix, by unit and name", () => {
    const all = [
      SOC,
      OUTDOOR,
      metric("humidity_percent", "percent", "bme280"),
      metric("outdoor_pressure_hectopascal", "hectopascal", "outdoor"),
      metric("temperature_celsius", "unknown", "odd"),
      metric("notemperature_celsius", "celsius", "odd"),
      metric("cpu_percent", "percent", "cpu"),
    ];
    expect(weatherMetrics(all).map(({ kind, metric: m }) => [kind, m.name])).toEqual([
      ["temperature", "outdoor_temperature_celsius"],
      ["humidity", "humidity_percent"],
      ["pressure", "outdoor_pressure_hectopascal"],
    ]);
  });

  it("falls back to the processor's temperature only where there is no sensor", () => {
    expect(mainTemperature([SOC, OUTDOOR])).toBe(OUTDOOR);
    expect(mainTemperature([SOC])).toBe(SOC);
    expect(mainTemperature([])).toBeUndefined();
  });
});

suite("a figure", () => {
  it("is a fault when its sensor is in fault, even beside a value", () => {
    const view = device({ state: state({ now: { [OUTDOOR.name]: 3 }, faults: { outdoor: "no_answer" } }) });
    expect(figureOf(view, OUTDOOR, "now")).toEqual({ kind: "fault", fault: "no_answer", sensor: "outdoor" });
  });

  it("is missing without a state, a metric or a value, and zero only when zero was read", () => {
    expect(figureOf(device(), OUTDOOR, "now")).toEqual({ kind: "missing" });
    const view = device({ state: state({ now: { [OUTDOOR.name]: 0 } }) });
    expect(figureOf(view, undefined, "now")).toEqual({ kind: "missing" });
    expect(figureOf(view, OUTDOOR, "mean")).toEqual({ kind: "missing" });
    expect(figureOf(view, OUTDOOR, "now")).toEqual({ kind: "value", value: 0 });
  });
});

it("gives each pressure a chart of its own", () => {
  const names = [
    "pressure_hectopascal",
    "sea_level_pressure_hectopascal",
    "pressure_tendency_3h_hectopascal",
  ];
  const groups = groupMetrics(names.map((name) => metric(name, "hectopascal", "bme280")));
  expect(groups.map((group) => group.metrics.length)).toEqual([1, 1, 1]);
});

it("puts metrics of one sensor and unit into one chart", () => {
  const groups = groupMetrics([
    metric("cpu_percent", "percent", "cpu"),
    metric("cpu0_percent", "percent", "cpu"),
    SOC,
    OUTDOOR,
  ]);
  expect(groups.map((group) => [group.key, group.metrics.length])).toEqual([
    ["cpu/percent", 2],
    ["soc/celsius", 1],
    ["outdoor/celsius", 1],
  ]);
  expect(groups[0]?.label).toBe("cpu: cpu_percent, cpu0_percent");
  expect(groups[1]?.label).toBe("soc_temperature_celsius");
});

it("gathers by sensor what has no place of its own", () => {
  const metrics = [
    metric("cpu_percent", "percent", "cpu"),
    metric("network_egress_percent", "percent", "network"),
    metric("network_sent_bytes_per_second", "bytes_per_second", "network"),
    SOC,
    OUTDOOR,
    metric("outdoor_dew_point_celsius", "celsius", "outdoor"),
    metric("unannounced", "unknown", ""),
  ];
  expect(otherGroups(metrics).map((group) => [group.sensor, group.metrics.map(({ name }) => name)])).toEqual([
    ["network", ["network_sent_bytes_per_second"]],
    ["soc", ["soc_temperature_celsius"]],
    ["outdoor", ["outdoor_dew_point_celsius"]],
  ]);
});

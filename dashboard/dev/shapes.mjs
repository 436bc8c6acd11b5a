// What the invented devices are, and what they say at a time: the same for the same time.

const metric = (name, unit, sensor, label, kind = "gauge") => ({ name, unit, sensor, label, kind });

const PI5 = "Raspberry Pi 5 Model B Rev 1.0";
const PI4 = "Raspberry Pi 4 Model B Rev 1.5";
const ZERO = "Raspberry Pi Zero 2 W Rev 1.0";

/** The devices of the pictures: well, busy, in every kind of fault, silent, offline, short of power, mute. */
export const SHAPES = [
    { id: "attic", model: PI5, cpus: 4, load: 30, spread: 17, soc: true, weather: "bme280", power: {} },
    { id: "cellar", model: PI4, cpus: 4, load: 71, spread: 9, soc: true, power: { throttled: true } },
    {
        id: "greenhouse-1",
        model: ZERO,
        cpus: 4,
        load: 12,
        spread: 3,
        soc: true,
        weather: "outdoor",
        faults: { outdoor: "no_answer" },
        power: {},
    },
    {
        id: "greenhouse-2",
        model: ZERO,
        cpus: 4,
        load: 9,
        spread: 2,
        weather: "bme280",
        status: "offline",
        silentFor: 8e6,
    },
    {
        id: "pump-3",
        model: ZERO,
        cpus: 1,
        load: 22,
        soc: true,
        clock: "unsynchronized",
        power: { undervoltage: true },
    },
    { id: "roof", model: PI4, cpus: 4, load: 8, spread: 5, soc: true, weather: "roof", power: {} },
    { id: "workshop", model: PI4, cpus: 4, load: 5, mute: true },
].map((shape, seed) => ({ faults: {}, spread: 0, seed, ...shape }));

/** One device for each fault of the contract. */
export const FAULTY = ["absent", "no_answer", "stuck", "out_of_range", "skipped", "wrong_chip"].map(
    (fault, seed) => ({
        id: `fault-${fault.replaceAll("_", "-")}`,
        model: ZERO,
        cpus: 1,
        load: 10,
        spread: 0,
        seed,
        weather: "bme280",
        faults: { bme280: fault },
    }),
);

/** So many devices alike, but for what they measure. */
export function shapesOf(count) {
    return Array.from({ length: count }, (_, index) => ({
        id: `pump-${index + 1}`,
        model: [PI4, PI5, ZERO][index % 3],
        cpus: 4,
        load: (index * 37) % 90,
        spread: index % 7,
        seed: index,
        soc: true,
        weather: index % 4 === 0 ? "bme280" : undefined,
        faults: index % 50 === 7 ? { soc: "no_answer" } : {},
    }));
}

function metricsOf({ cpus, weather, soc, power }) {
    const prefix = !weather || weather === "bme280" ? "" : `${weather}_`;
    const label = (word) =>
        prefix
            ? `${weather[0].toUpperCase()}${weather.slice(1)} ${word}`
            : word[0].toUpperCase() + word.slice(1);
    return [
        metric("cpu_percent", "percent", "cpu", "CPU"),
        ...Array.from({ length: cpus }, (_, i) => metric(`cpu${i}_percent`, "percent", "cpu", `CPU ${i}`)),
        metric("memory_used_percent", "percent", "memory", "Memory used"),
        metric("memory_cache_percent", "percent", "memory", "Memory in caches"),
        metric("network_egress_percent", "percent", "network", "Network egress"),
        metric("network_sent_bytes_per_second", "bytes_per_second", "network", "Network sent"),
        metric("network_received_bytes_per_second", "bytes_per_second", "network", "Network received"),
        metric("disk_used_percent", "percent", "disk", "Disk used at /"),
        metric("uptime_seconds", "seconds", "system", "Uptime", "counter"),
        metric("load_1m_count", "count", "system", "Load over one minute"),
        ...(soc ? [metric("soc_temperature_celsius", "celsius", "soc", "Processor temperature")] : []),
        ...(power
            ? [
                  metric("power_undervoltage_flag", "flag", "power", "Undervoltage"),
                  metric("power_undervoltage_since_boot_flag", "flag", "power", "Undervoltage since boot"),
                  metric("power_throttled_flag", "flag", "power", "Throttled"),
                  metric("power_throttled_since_boot_flag", "flag", "power", "Throttled since boot"),
              ]
            : []),
        ...(weather
            ? [
                  metric(`${prefix}temperature_celsius`, "celsius", weather, label("temperature")),
                  metric(`${prefix}humidity_percent`, "percent", weather, label("humidity")),
                  metric(`${prefix}pressure_hectopascal`, "hectopascal", weather, label("pressure")),
              ]
            : []),
    ];
}

/** A smooth wander in 0..1, the same for the same time and seed. */
function wander(seconds, seed) {
    const wave = (period, weight) => weight * Math.sin((seconds / period) * Math.PI * 2 + seed * 1.7);
    return 0.5 + 0.5 * (wave(9700, 0.45) + wave(310, 0.3) + wave(61_300, 0.25));
}

const HOUR = 3600;

function valueAt(name, shape, ms) {
    const seconds = ms / 1000;
    const seed = [...name].reduce((sum, c) => sum + c.charCodeAt(0), shape.seed);
    const day = Math.sin(((seconds / HOUR - 9) / 24) * Math.PI * 2);
    if (/^cpu\d*_percent$/.test(name)) {
        const own = (Number(/\d+/.exec(name)?.[0] ?? 1) * shape.spread) % 60;
        return Math.min(100, Math.max(0, shape.load + own + 26 * (wander(seconds, seed) - 0.5)));
    }
    if (name.startsWith("power_")) return flagAt(name, shape.power, ms);
    if (name.endsWith("bytes_per_second")) return 4e5 * wander(seconds, seed);
    if (name === "uptime_seconds") return seconds % 900_000;
    if (name === "load_1m_count") return shape.load / 40 + wander(seconds, seed);
    if (name.startsWith("soc_")) return 44 + shape.load / 5 + 3 * wander(seconds, seed);
    if (name.endsWith("temperature_celsius")) return 11.4 + 5 * day + 1.6 * wander(seconds, seed);
    if (name.endsWith("humidity_percent")) return 64 - 12 * day + 4 * wander(seconds, seed);
    if (name.endsWith("hectopascal"))
        return 1009 + 7 * wander(seconds / 5, shape.seed) + 0.3 * wander(seconds, seed);
    return 30 + (seed % 25) + 6 * wander(seconds / 4, seed);
}

/** Short of power for ten minutes every four hours, where it is at all; for ever as far as "since boot" goes. */
function flagAt(name, power, ms) {
    const what = Object.keys(power).find((condition) => name.startsWith(`power_${condition}`));
    if (!what) return 0;
    return name.includes("since_boot") || (ms / 60_000) % 240 < 10 ? 1 : 0;
}

const round = (value) => Math.round(value * 1000) / 1000;

const stamp = (shape, ms) => ({
    version: 1,
    boot: "d1f0c0de",
    monotonic_ms: ms - EPOCH,
    time_ms: ms,
    clock: shape.clock ?? "synchronized",
});

/** When all of them were started. */
const EPOCH = 1_700_000_000_000;

export const birthOf = (shape, ms) => ({
    ...stamp(shape, ms),
    machine_boot: "5e7a",
    agent_version: "0.1.0",
    hostname: shape.id,
    model: shape.model,
    os: "Raspberry Pi OS 13 (trixie)",
    arch: "aarch64",
    interval_ms: 5000,
    window_ms: 60_000,
    metrics: metricsOf(shape),
});

function figures(shape, ms) {
    const believed = metricsOf(shape).filter(({ sensor }) => !(sensor in shape.faults));
    return believed.map(({ name }) => [name, round(valueAt(name, shape, ms))]);
}

export function stateOf(shape, ms) {
    const now = Object.fromEntries(figures(shape, ms));
    return { ...stamp(shape, ms), now, mean: now, faults: shape.faults, dropped_count: 0 };
}

const MINUTE = 60_000;
const IN_ONE = 200;

/** Minutes from one time to another, with an outage of 40 minutes in them, in messages of some hundred. */
export function* backlogOf(shape, fromMs, toMs) {
    const summaries = [];
    let sequence = 0;
    for (let ms = Math.ceil(fromMs / MINUTE) * MINUTE; ms <= toMs; ms += MINUTE) {
        const age = (toMs - ms) / MINUTE;
        sequence += 1;
        if (age < 200 || age > 240) summaries.push(summaryOf(shape, ms, sequence));
    }
    for (let at = 0; at < summaries.length; at += IN_ONE) {
        yield { version: 1, summaries: summaries.slice(at, at + IN_ONE) };
    }
}

function summaryOf(shape, ms, sequence) {
    const all = figures(shape, ms);
    const spread = (name) => (name.endsWith("_flag") ? 0 : /^(cpu|network)/.test(name) ? 6 : 0.4);
    const inside = (name, value) => (name.endsWith("percent") ? Math.min(100, Math.max(0, value)) : value);
    const map = (of) => Object.fromEntries(all.map(([name, value]) => [name, round(of(name, value))]));
    return {
        ...stamp(shape, ms),
        sequence,
        window_ms: MINUTE,
        mean: map((_, value) => value),
        min: map((name, value) => inside(name, value - spread(name))),
        max: map((name, value) => inside(name, value + 1.5 * spread(name))),
        last: map((_, value) => value),
        count: map(() => 12),
    };
}

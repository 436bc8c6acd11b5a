// The invented devices of the fake hub: well, busy, in fault, silent, offline, and one that never spoke.

const metric = (name, unit, sensor, label, kind = "gauge") => ({ name, unit, sensor, label, kind });

function metricsOf({ cpus, weather, soc }) {
    const prefix = weather === "outdoor" ? "outdoor_" : "";
    const named = weather === "outdoor" ? "Outdoor " : "";
    const label = (word) => (named ? named + word : word[0].toUpperCase() + word.slice(1));
    return [
        metric("cpu_percent", "percent", "cpu", "All CPUs"),
        ...Array.from({ length: cpus }, (_, i) => metric(`cpu${i}_percent`, "percent", "cpu", `CPU ${i}`)),
        metric("memory_used_percent", "percent", "memory", "Memory used"),
        metric("memory_cache_percent", "percent", "memory", "Memory cache"),
        metric("network_egress_percent", "percent", "network", "Network egress"),
        metric("network_sent_bytes_per_second", "bytes_per_second", "network", "Sent"),
        metric("network_received_bytes_per_second", "bytes_per_second", "network", "Received"),
        metric("disk_used_percent", "percent", "disk", "Disk used"),
        metric("uptime_seconds", "seconds", "system", "Up for", "counter"),
        ...(soc ? [metric("soc_temperature_celsius", "celsius", "soc", "Processor temperature")] : []),
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
    return 0.5 + 0.5 * (wave(97, 0.45) + wave(31, 0.3) + wave(613, 0.25));
}

function valueAt(name, shape, ms, smooth) {
    const seconds = ms / 1000;
    const seed = [...name].reduce((sum, c) => sum + c.charCodeAt(0), shape.seed);
    const jitter = smooth ? 0 : (Math.random() - 0.5) * 3;
    if (/^cpu\d*_percent$/.test(name)) {
        const own = (Number(/\d+/.exec(name)?.[0] ?? 1) * shape.spread) % 60;
        return Math.min(100, Math.max(0, shape.load + own + 22 * (wander(seconds, seed) - 0.5) + jitter));
    }
    if (name.endsWith("bytes_per_second")) return 4e5 * wander(seconds, seed) * (1 + jitter / 10);
    if (name === "uptime_seconds") return seconds % 900_000;
    if (name.startsWith("soc_")) return 44 + shape.load / 5 + 3 * wander(seconds, seed);
    if (name.endsWith("temperature_celsius")) return 11.4 + 2.2 * wander(seconds / 6, seed) + jitter / 60;
    if (name.endsWith("humidity_percent")) return 61 + 6 * wander(seconds / 6, seed) + jitter / 20;
    if (name.endsWith("hectopascal")) return 1011.8 + 1.2 * wander(seconds / 9, seed) + jitter / 60;
    return 30 + (seed % 25) + 6 * wander(seconds / 4, seed);
}

const round = (value) => Math.round(value * 1000) / 1000;
const inFault = ({ shape }, sensor) => sensor in shape.faults;

/** The state message of a device at a time. */
export function stateOf(device, ms) {
    const believed = device.birth.metrics.filter(({ sensor }) => !inFault(device, sensor));
    const readings = (smooth) =>
        Object.fromEntries(
            believed.map(({ name }) => [name, round(valueAt(name, device.shape, ms, smooth))]),
        );
    return {
        version: 1,
        boot: "d1f0c0de",
        monotonic_ms: ms % 1e9,
        time_ms: ms,
        clock: "synchronized",
        now: readings(false),
        mean: readings(true),
        faults: device.shape.faults,
        dropped_count: 0,
    };
}

/** The stored minutes that were asked for, with an outage of some minutes in them. */
export function history(device, query, nowMs) {
    const to_ms = Number(query.get("to_ms") ?? nowMs);
    const from_ms = Number(query.get("from_ms") ?? to_ms - 3_600_000);
    const minutes = [];
    for (let ms = Math.ceil(from_ms / 60_000) * 60_000; ms <= to_ms; ms += 60_000) {
        const age = (nowMs - ms) / 60_000;
        if ((age < 7 || age > 9) && ms <= device.last_heard_ms) minutes.push(ms);
    }
    const point = (name) => (time_ms) => {
        const mean = round(valueAt(name, device.shape, time_ms, true));
        return { time_ms, mean, min: mean - 1, max: mean + 1, last: mean, count: 12 };
    };
    const known = device.birth ? minutes : [];
    const series = query.getAll("metric").map((name) => ({ metric: name, points: known.map(point(name)) }));
    return { device: device.id, from_ms, to_ms, series };
}

function device(id, hostname, model, shape, nowMs) {
    const made = {
        id,
        status: shape.status ?? "online",
        status_since_ms: nowMs - (shape.age ?? 3_600_000),
        last_heard_ms: nowMs - (shape.age ?? 0),
        birth: {
            version: 1,
            boot: "d1f0c0de",
            monotonic_ms: 1000,
            time_ms: nowMs,
            clock: "synchronized",
            machine_boot: "5e7a",
            agent_version: "0.1.0",
            hostname,
            model,
            os: "Raspberry Pi OS 13 (trixie)",
            arch: "aarch64",
            interval_ms: 2000,
            window_ms: 60_000,
            metrics: metricsOf(shape),
        },
        state: null,
        state_received_ms: nowMs - (shape.age ?? 0),
        shape: { faults: {}, seed: id.length, spread: 0, speaks: true, ...shape },
    };
    made.state = stateOf(made, made.state_received_ms);
    return made;
}

/** The invented fleet. */
export function devices(nowMs) {
    const pi4 = "Raspberry Pi 4 Model B Rev 1.5";
    const pi5 = "Raspberry Pi 5 Model B Rev 1.0";
    const zero = "Raspberry Pi Zero 2 W Rev 1.0";
    const hour = 3_600_000;
    return [
        device("attic", "attic", pi5, { cpus: 4, load: 34, spread: 17, soc: true, weather: "bme280" }, nowMs),
        device("cellar", "cellar", pi4, { cpus: 4, load: 71, spread: 9, soc: true }, nowMs),
        device(
            "greenhouse-1",
            "greenhouse-1",
            zero,
            { cpus: 4, load: 12, spread: 3, soc: true, weather: "outdoor", faults: { outdoor: "no_answer" } },
            nowMs,
        ),
        device(
            "greenhouse-2",
            "greenhouse-2",
            zero,
            {
                cpus: 4,
                load: 9,
                spread: 2,
                soc: true,
                weather: "bme280",
                status: "offline",
                age: 2.2 * hour,
                speaks: false,
            },
            nowMs,
        ),
        device("pump-3", "pump-3", zero, { cpus: 1, load: 22, soc: true, age: 95_000, speaks: false }, nowMs),
        device("roof", "roof", pi4, { cpus: 4, load: 8, spread: 5, soc: true, weather: "outdoor" }, nowMs),
        {
            ...device(
                "workshop",
                "workshop",
                pi4,
                { cpus: 4, load: 5, speaks: false, status: "unknown" },
                nowMs,
            ),
            status_since_ms: null,
            last_heard_ms: null,
            birth: null,
            state: null,
            state_received_ms: null,
        },
    ];
}

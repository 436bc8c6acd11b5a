// An invented fleet that speaks to a real hub over MQTT as agents do: for the browser tests, and to work on the
// pages with. Its figures are made up; what becomes of them is not.
//
//   node dev/fleet.mjs mqtt://127.0.0.1:1883              seven devices, each in a state of its own, with a past
//   node dev/fleet.mjs mqtt://127.0.0.1:1883 1000         a thousand devices alike
import { fileURLToPath } from "node:url";
import mqtt from "mqtt";
import { backlogOf, birthOf, SHAPES, shapesOf, stateOf } from "./shapes.mjs";

/** Devices that come from one connection: a hub's broker takes many, but not without end. */
const QOS = { qos: 1 };

export class Fleet {
    #client;
    #timers = [];
    #spoken = new Map();

    static async connect(url) {
        const fleet = new Fleet();
        fleet.#client = await mqtt.connectAsync(url, { protocolVersion: 5 });
        return fleet;
    }

    #publish(id, topic, payload, options = QOS) {
        const text = typeof payload === "string" ? payload : JSON.stringify(payload);
        return this.#client.publishAsync(`edgewise/${id}/${topic}`, text, options);
    }

    /** Says that a device is there, and what it measures. */
    async announce(shape, nowMs = Date.now()) {
        await this.#publish(shape.id, "status", shape.status ?? "online", { ...QOS, retain: true });
        await this.#publish(shape.id, "birth", birthOf(shape, nowMs), { ...QOS, retain: true });
    }

    /** One state of a device. */
    speak(shape, nowMs = Date.now()) {
        this.#spoken.set(shape.id, (this.#spoken.get(shape.id) ?? 0) + 1);
        return this.#publish(shape.id, "state", stateOf(shape, nowMs), { qos: 0, retain: true });
    }

    /** Stored minutes of the time before, as after an outage. */
    async remember(shape, fromMs, toMs) {
        for (const backlog of backlogOf(shape, fromMs, toMs))
            await this.#publish(shape.id, "backlog", backlog);
    }

    status(shape, status) {
        return this.#publish(shape.id, "status", status, { ...QOS, retain: true });
    }

    /** What became of a command. */
    result(shape, id, outcome, message = "") {
        return this.#publish(shape.id, "result", { version: 1, id, outcome, message });
    }

    /** Lets devices speak every interval, spread over it as those of a real fleet are. */
    keepSpeaking(shapes, intervalMs) {
        const each = intervalMs / shapes.length;
        let [began, next] = [Date.now(), 0];
        this.#timers.push(
            setInterval(() => {
                const due = Math.floor((Date.now() - began) / each);
                for (; next < due; next += 1) void this.speak(shapes[next % shapes.length]);
            }, 20),
        );
    }

    /** States sent so far. */
    get spokenCount() {
        return [...this.#spoken.values()].reduce((sum, count) => sum + count, 0);
    }

    async end() {
        this.#timers.forEach(clearInterval);
        await this.#client.endAsync();
    }
}

const DAY = 86_400_000;

/** The seven devices, each with its past, as the pictures and some tests show them. */
export async function invent(fleet, { days = 8, nowMs = Date.now() } = {}) {
    for (const shape of SHAPES) {
        await fleet.announce(shape, nowMs);
        if (shape.mute) continue;
        await fleet.remember(shape, nowMs - days * DAY, nowMs - (shape.silentFor ?? 0));
        await fleet.speak(shape, nowMs - (shape.silentFor ?? 0));
    }
    fleet.keepSpeaking(
        SHAPES.filter((shape) => !shape.mute && !shape.silentFor),
        5000,
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [url = "mqtt://127.0.0.1:1883", count] = process.argv.slice(2);
    const fleet = await Fleet.connect(url);
    if (count === undefined) await invent(fleet);
    else {
        const shapes = shapesOf(Number(count));
        for (const shape of shapes) await fleet.announce(shape);
        fleet.keepSpeaking(shapes, 5000);
    }
    console.log("the fleet speaks; end it with Ctrl-C");
    process.on("SIGINT", () => void fleet.end().then(() => process.exit(0)));
}

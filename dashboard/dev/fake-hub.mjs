// A development aid: serves the built panel and plays the hub's API with invented figures, so that the
// pages can be worked on without a hub. It proves nothing; the tests that count run against the real hub.
//
//   npm run build && npm run fake-hub        then open http://127.0.0.1:8099
//   PORT=0 picks a free port; EMPTY=1 plays a hub without devices; COPIES=150 plays the fleet so many times.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { devices, history, stateOf } from "./fake-fleet.mjs";

const DIST = new URL("../dist", import.meta.url).pathname;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const PROBLEM = { "content-type": "application/problem+json" };

const copies = process.env.EMPTY ? 0 : Number(process.env.COPIES ?? 1);
const fleet = Array.from({ length: copies }, (_, n) =>
    devices(Date.now()).map((device) => ({ ...device, id: n === 0 ? device.id : `${device.id}-${n}` })),
).flat();
const readers = new Set();

const view = ({ shape: _shape, ...shown }) => shown;
const send = (to, name, data) => to.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
const sendAll = (name, data) => readers.forEach((reader) => send(reader, name, data));

setInterval(
    () => {
        for (const device of fleet.filter((device) => device.shape.speaks)) {
            const received_ms = Date.now();
            const state = stateOf(device, received_ms);
            Object.assign(device, { state, state_received_ms: received_ms, last_heard_ms: received_ms });
            sendAll("state", { device: device.id, received_ms, state });
        }
    },
    Number(process.env.INTERVAL_MS ?? 2000),
);
// SIGUSR2 takes the first device away, as a broker does when an agent ends.
process.on("SIGUSR2", () => {
    const gone = fleet[0];
    if (!gone) return;
    gone.shape.speaks = false;
    Object.assign(gone, { status: "offline", status_since_ms: Date.now() });
    sendAll("device", view(gone));
});
setInterval(() => sendAll("ping", { now_ms: Date.now() }), 5000);

const server = createServer((request, response) => {
    const url = new URL(request.url, "http://hub");
    const json = (data, status = 200, headers = { "content-type": "application/json" }) =>
        response.writeHead(status, headers).end(JSON.stringify(data));
    const match = /^\/api\/v1\/devices(?:\/([^/]+)(\/history)?)?$/.exec(url.pathname);

    if (url.pathname === "/api/v1/stream") {
        response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
        response.flushHeaders();
        readers.add(response);
        request.on("close", () => readers.delete(response));
        fleet.forEach((device) => send(response, "device", view(device)));
    } else if (match?.[1]) {
        const device = fleet.find(({ id }) => id === decodeURIComponent(match[1]));
        if (!device) {
            const detail = `This hub knows no device ${match[1]}.`;
            json({ type: "about:blank", title: "Not found", status: 404, detail }, 404, PROBLEM);
        } else json(match[2] ? history(device, url.searchParams, Date.now()) : view(device));
    } else if (match) json({ devices: fleet.map(view), now_ms: Date.now() });
    else file(url.pathname, response);
});

function file(path, response) {
    const name = join(DIST, normalize(path === "/" ? "/index.html" : path));
    if (!name.startsWith(DIST) || !existsSync(name) || !statSync(name).isFile()) {
        response.writeHead(404).end();
        return;
    }
    response.writeHead(200, {
        "content-type": TYPES[extname(name)] ?? "application/octet-stream",
        // As strict as the panel allows: what breaks under it breaks here first.
        "content-security-policy": "default-src 'self'",
    });
    createReadStream(name).pipe(response);
}

server.listen(Number(process.env.PORT ?? 8099), "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${server.address().port}`);
});

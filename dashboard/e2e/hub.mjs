// A hub of a test's own: the real program, with an empty store, on free ports.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needed } from "./browser.mjs";

async function freePort() {
    const server = createServer();
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address();
    await new Promise((closed) => server.close(closed));
    return port;
}

/** Starts a hub and waits until it works. `end` stops it and takes its store away. */
export async function startHub() {
    const [http, mqtt] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), "edgewise-panel-"));
    const listen = ["--http", `127.0.0.1:${http}`, "--mqtt", `127.0.0.1:${mqtt}`];
    const hub = spawn(needed("HUB_PROGRAM"), ["--data", folder, ...listen], {
        stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    hub.stderr.on("data", (text) => (log = (log + text).slice(-4000)));
    const url = `http://127.0.0.1:${http}`;
    const ended = new Promise((exited) => hub.on("exit", exited));
    for (let attempt = 0; ; attempt += 1) {
        const ready = await fetch(`${url}/readyz`).then(
            (answer) => answer.ok,
            () => false,
        );
        if (ready) break;
        if (hub.exitCode !== null || attempt > 300) {
            hub.kill("SIGKILL");
            throw new Error(`the hub is not ready:
${log}`);
        }
        await new Promise((later) => setTimeout(later, 100));
    }
    return {
        url,
        mqtt: `mqtt://127.0.0.1:${mqtt}`,
        pid: hub.pid,
        async end() {
            hub.kill("SIGTERM");
            await ended;
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

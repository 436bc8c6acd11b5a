// A thousand devices, each speaking every five seconds. Frame times, the way from a sample to the screen, and what the
// page costs are recorded in test-results/thousand.json beside the load of the machine, not judged: they are the
// machine's as much as the panel's.
// HUB_PROGRAM is the hub; DEVICES is another number of them, INTERVAL_MS another interval.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { after, before, test } from "node:test";
import { Fleet } from "../dev/fleet.mjs";
import { shapesOf } from "../dev/shapes.mjs";
import { launch, watched } from "./browser.mjs";
import { by, fits } from "./checks.mjs";
import { startHub } from "./hub.mjs";

const COUNT = Number(process.env.DEVICES ?? 1000);
/** How often each speaks; a slow hub with ten thousand of them needs longer. */
const INTERVAL_MS = Number(process.env.INTERVAL_MS ?? 5000);
const WATCHED_MS = 15_000;
const PATIENCE = { timeout: 60_000 };
const OUT = new URL("../test-results/", import.meta.url);

let hub, fleet, browser;
before(async () => {
    hub = await startHub();
    fleet = await Fleet.connect(hub.mqtt);
    const shapes = shapesOf(COUNT);
    for (const shape of shapes) await fleet.announce(shape);
    fleet.keepSpeaking(shapes, INTERVAL_MS);
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await fleet?.end();
    await hub?.end();
});

const quantiles = (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] * 10) / 10;
    return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
};

/** Frame times while the page scrolls or stands, in milliseconds. */
const frames = (page, scrolls) =>
    page.evaluate(
        ([ms, moves]) =>
            new Promise((done) => {
                const times = [];
                const began = performance.now();
                let last = began;
                const frame = (now) => {
                    times.push(now - last);
                    last = now;
                    if (moves)
                        scrollTo(
                            0,
                            ((now - began) / ms) * (document.documentElement.scrollHeight - innerHeight),
                        );
                    if (now - began < ms) requestAnimationFrame(frame);
                    else done(times.slice(1));
                };
                requestAnimationFrame(frame);
            }),
        [WATCHED_MS, scrolls],
    );

/**
 * From the time in a device's sample until its figure is in the page and a frame is due, in milliseconds. The samples
 * are heard over a stream of the test's own, which may be a little before or behind the page's, so that a figure is
 * matched with its sample by device and value.
 */
const delays = (page) =>
    page.evaluate(
        (ms) =>
            new Promise((done) => {
                const found = [];
                const [heard, shown] = [new Map(), new Map()];
                const source = new EventSource("api/v1/stream");
                source.addEventListener("state", ({ data }) => {
                    const { device, state } = JSON.parse(data);
                    const text = state.mean.cpu_percent.toFixed(1);
                    const seen = shown.get(device);
                    if (seen?.text === text) found.push(seen.at - state.time_ms);
                    else heard.set(device, { text, time: state.time_ms });
                    shown.delete(device);
                });
                const watch = new MutationObserver((changes) => {
                    // Only figures: how long ago something was changes without a sample.
                    const figures = changes.map(({ target }) =>
                        (target.parentElement ?? target).closest(".figure"),
                    );
                    for (const row of new Set(figures.map((figure) => figure?.closest("[data-device]")))) {
                        if (!row) continue;
                        const { device } = row.dataset;
                        const text = parseFloat(row.querySelector(".figure").textContent).toFixed(1);
                        const sample = heard.get(device);
                        heard.delete(device);
                        requestAnimationFrame(() => {
                            if (sample?.text === text) found.push(Date.now() - sample.time);
                            else shown.set(device, { text, at: Date.now() });
                        });
                    }
                });
                watch.observe(document.querySelector("[data-testid=fleet]"), {
                    subtree: true,
                    characterData: true,
                    childList: true,
                });
                setTimeout(() => (watch.disconnect(), source.close(), done(found)), ms);
            }),
        WATCHED_MS,
    );

/** What the page has cost since it was opened: seconds of its main thread, and megabytes that it holds. */
async function cost(cdp) {
    await cdp.send("HeapProfiler.collectGarbage");
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return {
        script_s: of("ScriptDuration"),
        task_s: of("TaskDuration"),
        heap_mb: of("JSHeapUsedSize") / 1e6,
    };
}

test("a thousand devices are listed, found, reached and live, with few of them in the page", async () => {
    const { page, complaints } = await watched(browser);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await cdp.send("Network.enable");
    let bytes = 0;
    cdp.on("Network.dataReceived", ({ dataLength }) => (bytes += dataLength));
    const began = Date.now();
    await page.goto(hub.url);
    await by(page, "counts")
        .getByText(new RegExp(`^\\d+,?\\d* of ${COUNT.toLocaleString("en")} devices`))
        .waitFor(PATIENCE);
    await page
        .locator('[data-device="pump-1"]')
        .filter({ hasText: /\d\.\d\s*%/ })
        .waitFor(PATIENCE);
    const list = { shown_ms: Date.now() - began, received_mb: bytes / 1e6 };
    const rows = await by(page, "device-row").count();
    assert.ok(rows < 60, `${rows} rows are in the page`);
    await fits(page, "fleet");

    const report = { devices: COUNT, interval_ms: INTERVAL_MS, load: loadavg()[0], list };
    const before = await cost(cdp);
    report.standing = quantiles(await frames(page, false));
    const after = await cost(cdp);
    const share = (key) => (after[key] - before[key]) / (WATCHED_MS / 1000);
    report.cost = { script_share: share("script_s"), task_share: share("task_s"), heap_mb: after.heap_mb };
    report.sample_to_page_ms = quantiles(await delays(page));
    const sent = fleet.spokenCount;
    report.scrolling = quantiles(await frames(page, true));
    assert.ok(fleet.spokenCount > sent, "the fleet went on speaking");
    mkdirSync(OUT, { recursive: true });
    writeFileSync(new URL("thousand.json", OUT), `${JSON.stringify(report, null, 2)}\n`);
    console.log(`frame and delay times in ms: ${JSON.stringify(report)}`);

    // At the end of the list is its last device, by keys and by scrolling.
    const last = `pump-${COUNT}`;
    await page.locator(`[data-device="${last}"]`).waitFor(PATIENCE);
    await by(page, "search").fill(last);
    await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=device-row]").length === 1,
        null,
        PATIENCE,
    );
    await page.locator(`[data-device="${last}"] a`).click();
    await page.getByRole("heading", { level: 1, name: last }).waitFor(PATIENCE);
    assert.deepEqual(complaints, []);
    await page.context().close();
});

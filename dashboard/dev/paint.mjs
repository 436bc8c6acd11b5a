// How soon the panel shows itself on a slow processor: Chromium's own slowdown of 4, as Lighthouse has it for phones,
// and nothing kept from before. Prints the median of five runs of the fleet and, of a device, of every page.
//
//   PANEL_URL=http://127.0.0.1:8080 node dev/paint.mjs [device]
import { launch, needed } from "../e2e/browser.mjs";

const SLOWDOWN = 4;
const RUNS = 5;
const url = needed("PANEL_URL").replace(/\/$/, "");
const [device] = process.argv.slice(2);

/** Times in milliseconds since the address was entered; the layout shift is Web Vitals' score. */
async function once(browser, hash) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 960 } });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    await page.addInitScript(() => {
        globalThis.seen = { shift: 0, largest: 0, blocked: 0 };
        const watch = (type, use) =>
            new PerformanceObserver((list) => list.getEntries().forEach(use)).observe({
                type,
                buffered: true,
            });
        watch("layout-shift", ({ value, hadRecentInput }) => (seen.shift += hadRecentInput ? 0 : value));
        watch("largest-contentful-paint", ({ startTime }) => (seen.largest = startTime));
        watch("longtask", ({ duration }) => (seen.blocked += Math.max(0, duration - 50)));
    });
    await page.goto(`${url}/${hash}`);
    await page.waitForTimeout(6000);
    const found = await page.evaluate(() => ({
        first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
        ...globalThis.seen,
    }));
    await context.close();
    return found;
}

const browser = await launch();
const id = encodeURIComponent(device ?? "");
const ofDevice = [`#/devices/${id}`, `#/weather/${id}`, `#/compare?devices=${id}`, "#/settings"];
for (const hash of ["#/", ...(device ? ofDevice : [])]) {
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await once(browser, hash));
    const median = (key) => runs.map((run) => run[key]).toSorted((a, b) => a - b)[Math.floor(RUNS / 2)];
    const ms = (key) => `${Math.round(median(key))} ms`;
    console.log(
        `${hash}  first paint ${ms("first")}, largest ${ms("largest")}, blocked ${ms("blocked")}, layout shift ${median("shift").toFixed(3)}`,
    );
}
await browser.close();

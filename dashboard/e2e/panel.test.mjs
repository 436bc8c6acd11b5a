// The panel in a real browser against a real hub and agent, which are started by whoever runs this.
//
//   PANEL_URL    where the panel is served
//   AGENT_PID    the agent: it is ended here, by SIGTERM
//   HUB_PID      the hub: it is held still for a while, by SIGSTOP
//   DEVICE       the agent's device; the first one that is online when left out
//   CHROMIUM     the browser; /usr/bin/chromium when left out
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, needed, watched } from "./browser.mjs";
import { by, change, PATIENCE, readings } from "./checks.mjs";

const url = needed("PANEL_URL").replace(/\/$/, "");
const agent = Number(needed("AGENT_PID"));
const hub = Number(needed("HUB_PID"));

// The one limit that is a promise.
const BANNER_MS = 15_000;

let browser;
before(async () => (browser = await launch()));
after(async () => browser?.close());

test("from the fleet to a device, live, paused, and away when its agent ends", async () => {
    const { page, complaints } = await watched(browser);
    await page.goto(url);

    const device = process.env.DEVICE;
    const rows = by(page, "device-row");
    const row = (
        device ? page.locator(`[data-device="${device}"]`) : rows.filter({ hasText: "online" })
    ).first();
    await row.getByTestId("presence").getByText("online").waitFor(PATIENCE);
    const id = await row.getAttribute("data-device");
    // A young agent has no figure for its processor yet.
    await row.filter({ hasText: /\d\.\d\s*%/ }).waitFor(PATIENCE);

    await row.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: id }).waitFor(PATIENCE);
    await change(page);
    // One gauge for all CPUs and one for each, so at least two with a figure.
    await by(page, "meter-value")
        .filter({ hasText: /^\d+\.\d/ })
        .nth(1)
        .waitFor(PATIENCE);
    assert.equal(await by(page, "chart").locator("canvas").count(), 1);
    assert.equal(await by(page, "device").getAttribute("data-old"), "false");
    // The first minute of a real agent reaches the store and the ledger.
    await by(page, "received").filter({ hasText: /[1-9]/ }).waitFor({ timeout: 150_000 });

    await by(page, "raw").locator("summary").click();
    const json = by(page, "raw").locator("code").filter({ hasText: "version" });
    await json.waitFor(PATIENCE);
    const message = JSON.parse(await json.innerText());
    assert.equal(message.version, 1);
    assert.ok(Object.keys(message.mean).includes("cpu_percent"));
    await by(page, "raw").locator("summary").click();

    await by(page, "pause").click();
    await by(page, "paused").waitFor(PATIENCE);
    const frozen = await readings(page);
    await page.waitForTimeout(7000);
    assert.deepEqual(await readings(page), frozen, "a paused page stands still");
    await by(page, "pause").click();
    await by(page, "paused").waitFor({ state: "detached", ...PATIENCE });
    await change(page);

    process.kill(agent, "SIGTERM");
    await by(page, "offline").waitFor(PATIENCE);
    assert.equal(await by(page, "device").getAttribute("data-old"), "true", "its figures are marked as old");
    await page.getByRole("link", { name: "Edgewise" }).click();
    await page
        .locator(`[data-device="${id}"]`)
        .getByTestId("presence")
        .getByText("offline")
        .waitFor(PATIENCE);

    assert.deepEqual(complaints, []);
    await page.context().close();
});

test("a hub that falls silent is noticed, and the page heals when it speaks again", async () => {
    const { page } = await watched(browser);
    await page.goto(url);
    await by(page, "connection").getByText("Live").waitFor(PATIENCE);
    await by(page, "device-row").first().waitFor(PATIENCE);

    process.kill(hub, "SIGSTOP");
    try {
        await by(page, "banner").getByText("Disconnected").waitFor({ timeout: BANNER_MS });
    } finally {
        process.kill(hub, "SIGCONT");
    }
    await by(page, "connection").getByText("Live").waitFor(PATIENCE);
    await by(page, "banner")
        .getByText("Disconnected")
        .waitFor({ state: "detached", ...PATIENCE });
    await page.context().close();
});

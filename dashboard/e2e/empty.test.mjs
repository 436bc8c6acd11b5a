// A hub without devices, and its first one. HUB_PROGRAM is the hub.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Fleet } from "../dev/fleet.mjs";
import { shapesOf } from "../dev/shapes.mjs";
import { launch, watched } from "./browser.mjs";
import { accessible, by, PATIENCE } from "./checks.mjs";
import { startHub } from "./hub.mjs";

let hub, browser;
before(async () => {
    hub = await startHub();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await hub?.end();
});

test("an empty hub says how the first device comes, and sees it come", async () => {
    const { page, complaints } = await watched(browser);
    await page.goto(hub.url);
    await by(page, "empty").getByText("edge-agent --hub mqtt://127.0.0.1:1883").waitFor(PATIENCE);
    await accessible(page, "empty");
    for (const hash of ["#/compare", "#/weather"]) {
        await page.goto(`${hub.url}/${hash}`);
        await page.getByRole("heading", { level: 1 }).waitFor(PATIENCE);
        await accessible(page, hash);
    }
    await by(page, "no-weather").waitFor(PATIENCE);

    await page.goto(`${hub.url}/#/settings`);
    await by(page, "waiting").getByText("Waiting for a new device").waitFor(PATIENCE);
    const [shape] = shapesOf(1);
    const fleet = await Fleet.connect(hub.mqtt);
    try {
        await fleet.announce(shape);
        await by(page, "waiting").getByRole("link", { name: shape.id }).waitFor(PATIENCE);
        await page.goto(hub.url);
        await page.locator(`[data-device="${shape.id}"]`).waitFor(PATIENCE);
    } finally {
        await fleet.end();
    }
    assert.deepEqual(complaints, []);
    await page.context().close();
});

// Every page, over a hub with seven invented devices that speak as agents do: well, busy, in fault, short of power,
// offline, mute. HUB_PROGRAM is the hub; SCREENSHOTS=1 writes the pictures of docs/images.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Fleet, invent } from "../dev/fleet.mjs";
import { FAULTY } from "../dev/shapes.mjs";
import { launch, watched } from "./browser.mjs";
import { accessible, by, fits, PATIENCE } from "./checks.mjs";
import { startHub } from "./hub.mjs";

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const SIZES = {
    desktop: { width: 1280, height: 960 },
    phone: { width: 360, height: 780 },
    wall: { width: 2560, height: 1440 },
};
const PAGES = {
    fleet: "#/",
    device: "#/devices/attic",
    fault: "#/devices/greenhouse-1",
    offline: "#/devices/greenhouse-2",
    compare: "#/compare?metric=cpu_percent&devices=attic,cellar,roof",
    weather: "#/weather/attic",
    settings: "#/settings",
};
/** Something that is there only when a page has all its figures. */
const COMPLETE = {
    device: "[data-testid=report] [data-metric=cpu0_percent]",
    compare: "[data-testid=compared] [data-device=roof]",
    weather: "[data-testid=station] canvas",
};

const DAYS = 2;

/** Waits until the hub has so many minutes of a device, and so everything that came before them. */
async function ingested(id, minutes) {
    for (;;) {
        const answer = await fetch(`${hub.url}/api/v1/devices/${id}/ledger`);
        if (answer.ok && (await answer.json()).received_count >= minutes) return;
        await new Promise((later) => setTimeout(later, 200));
    }
}

let hub, fleet, browser;
before(async () => {
    hub = await startHub();
    fleet = await Fleet.connect(hub.mqtt);
    await invent(fleet, { days: DAYS });
    // The broker takes messages faster than the hub stores what is in them.
    await ingested("roof", DAYS * 1440 - 100);
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await fleet?.end();
    await hub?.end();
});

async function open(hash, options) {
    const { page, complaints } = await watched(browser, options);
    await page.goto(`${hub.url}/${hash}`);
    return { page, complaints, close: () => page.context().close() };
}

test("every page in every look fits, is accessible, and complains of nothing", async () => {
    const { page, complaints, close } = await open("#/");
    for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
            for (const [name, hash] of Object.entries(PAGES)) {
                const look = `${name}-${size}-${colorScheme}`;
                await page.goto(`${hub.url}/${hash}`);
                await page
                    .locator(COMPLETE[name] ?? "main h1")
                    .first()
                    .waitFor(PATIENCE);
                await by(page, "connection").getByText("Live").waitFor(PATIENCE);
                await fits(page, look);
                await accessible(page, look);
                if (process.env.SCREENSHOTS !== "1" || size === "wall" || ["fault", "offline"].includes(name))
                    continue;
                mkdirSync(IMAGES, { recursive: true });
                // The last chart is drawn a frame after its figures.
                await page.waitForTimeout(600);
                await page.screenshot({ path: `${IMAGES}${look}.png` });
            }
        }
    }
    assert.deepEqual(complaints, []);
    await close();
});

test("the fleet is searched, filtered and sorted, and its address says how", async () => {
    const { page, close } = await open("#/");
    const names = () => by(page, "device-row").evaluateAll((rows) => rows.map((row) => row.dataset.device));
    await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=device-row]").length === 7,
        null,
        PATIENCE,
    );

    await by(page, "search").fill("greenhouse");
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=device-row]").length === 2);
    await page.getByRole("button", { name: /^Faults \d/ }).click();
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=device-row]").length === 1);
    assert.deepEqual(await names(), ["greenhouse-1"]);
    assert.match(page.url(), /q=greenhouse&show=faults/);
    await page.reload();
    await page.locator('[data-device="greenhouse-1"]').waitFor(PATIENCE);
    assert.deepEqual(await names(), ["greenhouse-1"]);

    await by(page, "search").fill("no such device");
    await by(page, "nothing").getByRole("button").click();
    await page.locator('[data-device="roof"]').waitFor(PATIENCE);
    await page.getByRole("button", { name: "CPU", exact: true }).click();
    await page.waitForFunction(
        () => document.querySelector("[data-testid=device-row]")?.dataset.device === "cellar",
    );
    await by(page, "sort").selectOption("attention");
    await page.waitForFunction(
        () => document.querySelector("[data-testid=device-row]")?.dataset.device === "greenhouse-2",
    );
    await close();
});

test("without a mouse: from the fleet to a device, through its chart, and back", async () => {
    const { page, close } = await open("#/");
    await page.locator('[data-device="roof"]').waitFor(PATIENCE);
    await page.keyboard.press("/");
    await page.keyboard.type("green");
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=device-row]").length === 2);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=device-row]").length === 7);

    await page.locator('[data-device="attic"] a').focus();
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => document.activeElement?.textContent === "cellar");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "cellar" }).waitFor(PATIENCE);
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");

    const day = page.getByRole("button", { name: "24 h" });
    for (
        let tabs = 0;
        tabs < 40 && !(await day.evaluate((button) => button === document.activeElement));
        tabs += 1
    ) {
        await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.locator("[data-testid=chart] [aria-pressed=true]", { hasText: "24 h" }).waitFor(PATIENCE);
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor(PATIENCE);
    await close();
});

test("a chart is looked into by drawing over it, goes back, and is saved as CSV", async () => {
    const { page, complaints, close } = await open("#/devices/attic");
    const chart = by(page, "chart");
    await chart.locator("[data-metric=cpu_percent]").waitFor(PATIENCE);
    // What each of them asks for is drawn before the next step.
    const drawn = async (step) => {
        const isHistory = (response) => response.url().includes("/history?");
        await Promise.all([page.waitForResponse(isHistory, PATIENCE), step]);
        await page.locator("[data-testid=chart][aria-busy=false]").waitFor(PATIENCE);
    };
    await drawn(chart.getByRole("button", { name: "24 h" }).click());
    await drawn(chart.getByRole("checkbox").check());
    await chart.locator(".u-over").scrollIntoViewIfNeeded();
    const box = await chart.locator(".u-over").boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await by(page, "unzoom").waitFor(PATIENCE);
    assert.equal(await chart.getAttribute("data-range"), "between");

    const [download] = await Promise.all([page.waitForEvent("download"), by(page, "csv").click()]);
    const lines = readFileSync(await download.path(), "utf8")
        .trim()
        .split("\r\n");
    assert.match(lines[0], /^time,cpu_percent mean,cpu_percent min/);
    assert.ok(lines.length > 200 && lines.length < 400, `a fifth of a day has ${lines.length} lines`);

    await by(page, "unzoom").click();
    assert.equal(await chart.getAttribute("data-range"), "last");
    assert.deepEqual(complaints, []);
    await close();
});

test("faults, power, clock and losses are told in plain words", async () => {
    const { page, close } = await open("#/devices/greenhouse-1");
    await by(page, "fault-notice").getByText("Sensor outdoor: no answer.").waitFor(PATIENCE);
    assert.equal(await page.locator("[data-testid=weather] [data-testid=fault]").count(), 3);
    // 40 minutes of its past were never sent.
    await by(page, "ledger").getByText("40 of ").waitFor(PATIENCE);
    await by(page, "missing").filter({ hasText: "40" }).waitFor(PATIENCE);

    await by(page, "events").locator("li").getByText("Online").first().waitFor(PATIENCE);

    await page.goto(`${hub.url}/#/devices/pump-3`);
    await by(page, "clock").getByText("Clock not synchronised").waitFor(PATIENCE);
    await page.goto(`${hub.url}/#/devices/cellar`);
    await by(page, "power")
        .getByText(/Power trouble/)
        .waitFor(PATIENCE);
    await by(page, "power-timeline").getByText(/^for /).first().waitFor(PATIENCE);
    await page.goto(`${hub.url}/#/devices/nobody`);
    await page.getByText("This hub knows no device of this name.").waitFor(PATIENCE);
    await close();
});

test("each kind of fault has its word and its remedy", async () => {
    for (const shape of FAULTY) {
        await fleet.announce(shape);
        await fleet.speak(shape);
    }
    const { page, close } = await open("#/?q=fault-");
    for (const { id, faults } of FAULTY) {
        const word = faults.bme280.replaceAll("_", " ");
        await page.locator(`[data-device="${id}"]`).getByText(`bme280: ${word}`).waitFor(PATIENCE);
    }
    await page.locator(`[data-device="fault-wrong-chip"] a`).click();
    await by(page, "fault-notice").getByText("A different chip answers at its address.").waitFor(PATIENCE);
    await close();
});

test("devices are compared, with their figures in a table", async () => {
    const { page, close } = await open("#/compare");
    await page.getByText("Add devices to see them beside each other.").waitFor(PATIENCE);
    for (const id of ["attic", "roof"]) {
        await page.getByPlaceholder("Name or id of a device").fill(id);
        await page.getByRole("button", { name: "Add", exact: true }).click();
        await page.locator(`[data-testid=compared] [data-device="${id}"]`).waitFor(PATIENCE);
    }
    await page.locator("[data-testid=compare] select").first().selectOption("memory_used_percent");
    await page.waitForFunction(() =>
        location.hash.includes("metric=memory_used_percent&devices=attic%2Croof"),
    );
    const cells = await page.locator('[data-device="roof"] .number').allTextContents();
    assert.equal(
        cells.slice(1).filter((text) => /^[+−]?\d+\.\d\s%$/.test(text)).length,
        4,
        cells.join(" | "),
    );
    await close();
});

test("a reader's language, units and theme are kept, and bands by the hub", async () => {
    const { page, close } = await open("#/settings");
    await by(page, "language").selectOption("pt");
    await page.getByRole("heading", { level: 1, name: "Ajustes" }).waitFor(PATIENCE);
    assert.equal(await page.locator("html").getAttribute("lang"), "pt");
    await page.getByRole("button", { name: "°F" }).click();
    await page.getByRole("button", { name: "Escuro" }).click();
    await by(page, "bands").getByRole("spinbutton").first().fill("5");
    await page.keyboard.press("Enter");
    await by(page, "bands").getByText("Salvo.").waitFor(PATIENCE);
    // Another browser sees them too.
    const other = await open("#/devices/attic");
    await other.page.locator("[data-testid=meter][data-band=raised]").first().waitFor(PATIENCE);
    await other.close();
    await page.goto(`${hub.url}/#/weather/attic`);
    await page.reload();
    await by(page, "weather-now").first().getByText("°F").waitFor(PATIENCE);
    assert.match(await by(page, "weather-now").first().innerText(), /^\d+,\d/);
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    await page.goto(`${hub.url}/#/devices/attic`);
    await page.locator("[data-testid=meter][data-band=raised]").first().waitFor(PATIENCE);

    await page.goto(`${hub.url}/#/settings`);
    await by(page, "bands").getByRole("spinbutton").first().fill("80");
    await by(page, "bands")
        .getByText(/Elevado deve/)
        .waitFor(PATIENCE);
    await close();
});

test("the browser's own language is spoken from the start", async () => {
    const { page, close } = await open("#/", { locale: "es-MX" });
    await page.getByRole("heading", { level: 1, name: "Flota" }).waitFor(PATIENCE);
    await close();
});

// What people say of devices and choose for the hub, over a hub with the seven invented devices. HUB_PROGRAM is the hub.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Fleet, invent } from "../dev/fleet.mjs";
import { launch, watched } from "./browser.mjs";
import { accessible, by, fits, PATIENCE } from "./checks.mjs";
import { startHub } from "./hub.mjs";

let hub, fleet, browser;
before(async () => {
    hub = await startHub();
    fleet = await Fleet.connect(hub.mqtt);
    await invent(fleet, { days: 0.1 });
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

async function label(id, labels) {
    const answer = await fetch(`${hub.url}/api/v1/devices/${id}/labels`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(labels),
    });
    assert.equal(answer.status, 200);
}

const shown = (page) => by(page, "device-row").evaluateAll((rows) => rows.map((row) => row.dataset.device));
const rows = (page, count) =>
    page.waitForFunction(
        (wanted) => document.querySelectorAll("[data-testid=device-row]").length === wanted,
        count,
        PATIENCE,
    );

test("a device is named, tagged and grouped by keyboard, and an open fleet follows", async () => {
    const fleetPage = await open("#/");
    await fleetPage.page.locator('[data-device="roof"]').waitFor(PATIENCE);
    const { page, complaints, close } = await open("#/devices/roof");
    const card = by(page, "labels");
    await card.getByLabel("Name", { exact: true }).fill("Wetter <b>Dach</b>");
    await page.keyboard.press("Tab");
    await page.keyboard.type("pv, wet");
    await page.keyboard.press("Tab");
    await page.keyboard.type("House");
    await page.keyboard.press("Enter");
    await card.getByText("Saved.").waitFor(PATIENCE);
    await page.getByRole("heading", { level: 1, name: "Wetter <b>Dach</b>" }).waitFor(PATIENCE);
    assert.equal(await by(page, "tags").getByRole("link").count(), 2);
    await accessible(page, "labels");

    const row = fleetPage.page.locator('[data-device="roof"]');
    await row.getByRole("link", { name: "Wetter <b>Dach</b>" }).waitFor(PATIENCE);
    await row.getByText("pv", { exact: true }).waitFor(PATIENCE);
    assert.match(await row.innerText(), /roof/, "the id is seen too");

    await card.getByLabel("Tags, with commas between").fill("x".repeat(40));
    await page.keyboard.press("Enter");
    await card.getByText("A tag has 40 characters: use 32 at most.").waitFor(PATIENCE);
    complaints.splice(0).forEach((one) => assert.match(one, /400/));
    await close();
    await fleetPage.close();
});

test("the fleet is filtered by tag, and its groups close and open", async () => {
    await label("attic", { tags: ["wet"], group: "House" });
    await label("roof", { name: "Dach", tags: ["pv", "wet"], group: "House" });
    await label("pump-3", { group: "Field" });
    const { page, complaints, close } = await open("#/");
    await rows(page, 7);
    await by(page, "tag").selectOption("wet");
    await rows(page, 2);
    await page.waitForURL(/tag=wet/, PATIENCE);
    await by(page, "tag").selectOption("");
    await by(page, "search").fill("dach");
    await rows(page, 1);
    await by(page, "search").fill("");
    await rows(page, 7);

    await by(page, "grouped").click();
    await by(page, "group").nth(2).waitFor(PATIENCE);
    assert.deepEqual(
        (await by(page, "group").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim()),
        ["▾ Field 1", "▾ House 2", "▾ In no group 4"],
    );
    assert.deepEqual((await shown(page)).slice(0, 3), ["pump-3", "attic", "roof"]);
    const house = page.getByRole("button", { name: /House/ });
    await house.focus();
    await page.keyboard.press("Enter");
    await rows(page, 5);
    assert.equal(await house.getAttribute("aria-expanded"), "false");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => /In no group/.test(document.activeElement.textContent));
    for (const look of ["Cards", "Table"]) {
        await page.getByRole("button", { name: look, exact: true }).click();
        await by(page, "group").first().waitFor(PATIENCE);
        await fits(page, `groups as ${look}`);
        await accessible(page, `groups as ${look}`);
    }
    await house.click();
    await rows(page, 7);
    await page.locator('[data-device="roof"] a').click();
    await by(page, "tags").getByRole("link", { name: "pv" }).click();
    await rows(page, 1);
    assert.deepEqual(complaints, []);
    await close();
});

test("devices are found and shown by their names where they are chosen and compared", async () => {
    await label("roof", { name: "Dach" });
    const { page, complaints, close } = await open("#/compare");
    for (const typed of ["dac", "attic"]) {
        await page.getByPlaceholder("Name or id of a device").fill(typed);
        await page.getByRole("button", { name: "Add", exact: true }).click(PATIENCE);
    }
    const row = page.locator('[data-testid=compared] [data-device="roof"]');
    await row.getByRole("link", { name: "Dach", exact: true }).waitFor(PATIENCE);
    await row.getByText("roof", { exact: true }).waitFor(PATIENCE);
    await page.locator('[data-testid=compared] [data-device="attic"]').waitFor(PATIENCE);
    await page.getByRole("button", { name: "Remove Dach" }).waitFor(PATIENCE);
    await page.waitForURL(/devices=roof%2Cattic/, PATIENCE);
    await accessible(page, "compare with names");

    await page.goto(`${hub.url}/#/weather/roof`);
    await page.getByRole("option", { name: "Dach (roof)" }).waitFor({ state: "attached", ...PATIENCE });
    await page.waitForFunction(() => document.title === "Dach · Edgewise", null, PATIENCE);
    await label("roof", { name: "Dach Süd" });
    await page.getByRole("heading", { level: 1, name: "Dach Süd" }).waitFor(PATIENCE);
    await page.waitForFunction(() => document.title === "Dach Süd · Edgewise", null, PATIENCE);
    assert.deepEqual(complaints, []);
    await close();
});

test("a device is forgotten only after it was said what is lost", async () => {
    const online = await open("#/devices/roof");
    const button = (page) => by(page, "labels").getByRole("button", { name: "Forget device" });
    await button(online.page).waitFor(PATIENCE);
    assert.ok(await button(online.page).isDisabled(), "it would come back");
    await online.close();

    const { page, complaints, close } = await open("#/devices/greenhouse-2");
    await button(page).click();
    const dialog = by(page, "confirm");
    await dialog.getByText(/Deleted for good: its [\d,]+ stored minutes/).waitFor(PATIENCE);
    await accessible(page, "forget");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached", ...PATIENCE });
    assert.equal((await fetch(`${hub.url}/api/v1/devices/greenhouse-2`)).status, 200);
    await button(page).click();
    await dialog.getByRole("button", { name: "Forget device" }).click();
    await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor(PATIENCE);
    await rows(page, 6);
    assert.equal((await fetch(`${hub.url}/api/v1/devices/greenhouse-2`)).status, 404);
    assert.deepEqual(complaints, []);
    await close();
});

test("a shorter time for history is asked about first, with what it deletes", async () => {
    const { page, complaints, close } = await open("#/settings");
    const card = by(page, "retention");
    const minutes = card.getByRole("textbox").first();
    await page.waitForFunction(() => document.querySelector("[data-testid=retention] input")?.value === "30");
    await minutes.fill("60");
    await page.keyboard.press("Enter");
    await card.getByText("Saved.").waitFor(PATIENCE);

    // Of fifty days ago.
    const day = 86_400_000;
    const { SHAPES } = await import("../dev/shapes.mjs");
    const attic = SHAPES.find(({ id }) => id === "attic");
    const old = { ...attic, id: "old-attic" };
    await fleet.remember(old, Date.now() - 50 * day, Date.now() - 50 * day + 600_000);
    for (let turn = 0; turn < 150; turn += 1) {
        const settings = await (await fetch(`${hub.url}/api/v1/settings`)).json();
        if (settings.minutes.oldest_ms < Date.now() - 40 * day) break;
        await new Promise((later) => setTimeout(later, 200));
    }
    await page.reload();
    await page.waitForFunction(() => document.querySelector("[data-testid=retention] input")?.value === "60");
    await minutes.fill("30");
    await page.keyboard.press("Enter");
    const dialog = by(page, "confirm");
    await dialog.getByText(/The oldest 2[01] days of minute figures of every device/).waitFor(PATIENCE);
    await accessible(page, "retention");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    const days = async () => (await (await fetch(`${hub.url}/api/v1/settings`)).json()).minutes.days;
    assert.equal(await days(), 60);
    await card.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await card.getByText("Saved.").waitFor(PATIENCE);
    assert.equal(await days(), 30);
    await minutes.fill("1.5");
    await page.keyboard.press("Enter");
    await card.getByText("Days are whole numbers").waitFor(PATIENCE);
    assert.deepEqual(complaints, []);
    await close();
});

test("what is set on one page is so on every other that is open", async () => {
    const device = await open("#/devices/attic");
    const other = await open("#/settings");
    await by(device.page, "meter").first().waitFor(PATIENCE);
    await by(other.page, "bands").waitFor(PATIENCE);
    // A page that is loaded again would have lost this.
    await device.page.evaluate(() => (globalThis.untouched = true));
    const { page, complaints, close } = await open("#/settings");
    // Those that were there before this page are no news.
    await by(page, "waiting").getByText("Waiting for a new device").waitFor(PATIENCE);
    await by(page, "bands").getByLabel("Raised from").fill("3");
    await page.keyboard.press("Enter");
    await by(page, "bands").getByText("Saved.").waitFor(PATIENCE);
    await by(page, "retention").getByRole("textbox").first().fill("45");
    await page.keyboard.press("Enter");
    await by(page, "retention").getByText("Saved.").waitFor(PATIENCE);
    await by(device.page, "meter").first().getByText("3", { exact: true }).waitFor(PATIENCE);
    assert.ok(await device.page.evaluate(() => globalThis.untouched));
    await other.page.waitForFunction(
        () => {
            const value = (id) => document.querySelector(`[data-testid=${id}] input`)?.value;
            return value("bands") === "3" && value("retention") === "45";
        },
        null,
        PATIENCE,
    );
    assert.deepEqual([...complaints, ...device.complaints, ...other.complaints], []);
    await by(page, "bands").getByRole("button", { name: "Back to defaults" }).click();
    await by(device.page, "meter").first().getByText("50", { exact: true }).waitFor(PATIENCE);
    await Promise.all([close(), device.close(), other.close()]);
});

test("events go back further than the newest, by kind too", async () => {
    const { SHAPES } = await import("../dev/shapes.mjs");
    const cellar = SHAPES.find(({ id }) => id === "cellar");
    for (let turn = 0; turn < 40; turn += 1) await fleet.status(cellar, turn % 2 ? "online" : "offline");
    const { page, complaints, close } = await open("#/devices/cellar");
    const lines = by(page, "events").locator("li");
    await by(page, "older").waitFor(PATIENCE);
    assert.equal(await lines.count(), 12);
    await by(page, "older").click();
    await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=events] li").length > 40,
        null,
        PATIENCE,
    );
    await by(page, "events").getByRole("combobox").selectOption("offline");
    await page.waitForFunction(
        () => {
            const kinds = [...document.querySelectorAll("[data-testid=events] li")].map((li) => li.className);
            return kinds.length === 12 && kinds.every((kind) => kind === "offline");
        },
        null,
        PATIENCE,
    );
    assert.deepEqual(complaints, []);
    await close();
});

test("what agents and the hub say is said in the reader's language", async () => {
    const { SHAPES } = await import("../dev/shapes.mjs");
    const attic = SHAPES.find(({ id }) => id === "attic");
    await fleet.result(attic, "k-1", "refused", "expired 3.0 s ago by the device's clock");
    await fleet.result(attic, "k-2", "done", "status_led for 10 s");
    // The page asks once a minute, so they are to be there before it.
    for (let turn = 0, told = 0; told < 2; turn += 1) {
        assert.ok(turn < 150, "both are recorded");
        await new Promise((later) => setTimeout(later, 200));
        const answer = await fetch(`${hub.url}/api/v1/events?device=attic&kind=command`);
        told = (await answer.json()).events.length;
    }
    const { page, close } = await open("#/devices/attic", { locale: "pt-PT" });
    const events = by(page, "events");
    await events
        .getByText("k-1: recusado: expirou há 3.0 s pelo relógio do dispositivo", { exact: true })
        .waitFor(PATIENCE);
    await events.getByText("k-2: executado: status_led for 10 s", { exact: true }).waitFor(PATIENCE);
    await by(page, "readings").getByText("Memória em cache").waitFor(PATIENCE);
    await by(page, "readings").getByText("Disco usado em /").waitFor(PATIENCE);
    await by(page, "labels").getByLabel("Nome", { exact: true }).fill("a\u202eb");
    await page.keyboard.press("Enter");
    await by(page, "labels").getByText("O nome contém o caractere '\\u{202e}': remova-o.").waitFor(PATIENCE);
    await close();
});

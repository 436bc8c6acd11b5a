// A development aid: pictures of every page in every look, to judge the design by.
//   PANEL_URL=http://127.0.0.1:8099 node dev/shots.mjs       writes to test-results/
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [out = "test-results"] = process.argv.slice(2);
const url = process.env.PANEL_URL ?? "http://127.0.0.1:8099";
const only = process.env.ONLY;
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const PAGES = ["", "attic", "greenhouse-1", "greenhouse-2"];
for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries({
        wide: { width: 1280, height: 900 },
        phone: { width: 360, height: 780 },
    })) {
        const context = await browser.newContext({
            colorScheme,
            viewport,
            deviceScaleFactor: size === "phone" ? 2 : 1,
        });
        const page = await context.newPage();
        page.on(
            "console",
            (message) => message.type() === "error" && console.log("console:", message.text()),
        );
        page.on("pageerror", (error) => console.log("error:", error.message));
        for (const id of PAGES) {
            const name = `${id || "fleet"}-${size}-${colorScheme}`;
            if (only && !name.includes(only)) continue;
            await page.goto(`${url}/#/${id ? `devices/${id}` : ""}`);
            await page.waitForTimeout(id ? 4500 : 1500);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            if (wide > 0) console.log(`${name}: ${wide} px too wide`);
            await page.screenshot({ path: `${out}/${name}.png`, fullPage: true });
        }
        await context.close();
    }
}
await browser.close();

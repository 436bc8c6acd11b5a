// Every look of both pages: nothing may be wider than a phone, and on request it is kept as a picture.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OUT = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const SIZES = { desktop: { width: 1280, height: 960 }, phone: { width: 360, height: 780 } };

/** Goes through both pages in both sizes and colour schemes; ends on the device's page as it was. */
export async function takePictures(page, url, id) {
    const keep = process.env.SCREENSHOTS === "1";
    if (keep) mkdirSync(OUT, { recursive: true });
    for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme });
            for (const [name, hash, shown] of [
                ["fleet", "#/", "fleet"],
                ["device", `#/devices/${encodeURIComponent(id)}`, "chart"],
            ]) {
                await page.goto(`${url}/${hash}`);
                await page.getByTestId(shown).waitFor();
                const over = await page.evaluate(
                    () => document.documentElement.scrollWidth - window.innerWidth,
                );
                assert.ok(over <= 0, `${name} is ${over} px too wide at ${viewport.width} px`);
                if (!keep) continue;
                // The history is drawn a moment after the page.
                await page.waitForLoadState("networkidle", { timeout: 1500 }).catch(() => undefined);
                await page.screenshot({ path: `${OUT}${name}-${size}-${colorScheme}.png` });
            }
        }
    }
    await page.setViewportSize(SIZES.desktop);
    await page.emulateMedia({ colorScheme: "light" });
}

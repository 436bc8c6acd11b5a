// What holds for every page in every look.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Patience for slow machines, not a claim. */
export const PATIENCE = { timeout: 30_000 };

export const by = (page, id) => page.getByTestId(id);

/** Fails with what axe finds: rules of WCAG 2.2 A and AA, and its best practices. */
export async function accessible(page, name) {
    // Not as a script of the page: the hub's policy allows none but its own.
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
    const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
    assert.deepEqual(found, [], `axe on ${name}`);
}

/** Fails when a page is wider than its window. */
export async function fits(page, name) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide`);
}

/** The contents of every cell that shows a figure of now. */
export const readings = (page) => by(page, "readings").locator("tbody .number").allTextContents();

/** Waits until a reading differs from what it is now. */
export async function change(page) {
    const first = JSON.stringify(await readings(page));
    await page.waitForFunction(
        (before) => {
            const cells = document.querySelectorAll("[data-testid=readings] tbody .number");
            return cells.length > 0 && JSON.stringify([...cells].map((cell) => cell.textContent)) !== before;
        },
        first,
        PATIENCE,
    );
}

// The browser of the tests, and an ear for everything that it complains about.
import { chromium } from "playwright-core";

/** An environment variable that must be there. */
export function needed(name) {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: see the head of e2e/panel.test.mjs`);
    return value;
}

/** Starts the browser of the system. It calls nobody. */
export function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--no-first-run",
        ],
    });
}

/** A page and the list of its complaints: errors in the console, exceptions, requests without success. */
export async function watched(browser, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 960 },
        colorScheme: "light",
        locale: "en-GB",
        ...options,
    });
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning")
            complaints.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
    page.on("requestfailed", (request) => {
        // What a page asked for when it was left ends with it.
        const why = request.failure()?.errorText;
        if (why !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${why}`);
    });
    page.on("response", (response) => {
        if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
    });
    return { page, complaints };
}

// Fails when the panel's script is dearer than its budget: 60 KB gzip for all of it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 60_000;

const assets = new URL("../dist/assets/", import.meta.url);
const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
console.log(`panel script: ${bytes} bytes gzip of ${BUDGET_BYTES}`);
if (scripts.length === 0 || bytes > BUDGET_BYTES) process.exit(1);

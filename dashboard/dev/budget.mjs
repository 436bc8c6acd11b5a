// Fails when the panel's script is dearer than its budget: 60 KB gzip for all of it. The texts of the languages are
// no script; a reader gets one of them, and it is printed beside.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 60_000;

const assets = new URL("../dist/assets/", import.meta.url);
const size = (name) => gzipSync(readFileSync(new URL(name, assets))).length;
const sizes = (ending) =>
    readdirSync(assets).flatMap((name) => (name.endsWith(ending) ? [[name, size(name)]] : []));

const scripts = sizes(".js");
const bytes = scripts.reduce((sum, [, each]) => sum + each, 0);
for (const [name, each] of [...scripts, ...sizes(".css"), ...sizes(".json")])
    console.log(`${name}: ${each} bytes gzip`);
console.log(`panel script: ${bytes} bytes gzip of ${BUDGET_BYTES}`);
if (scripts.length === 0 || bytes > BUDGET_BYTES) process.exit(1);

import { defineConfig } from "vitest/config";
import { catalogs } from "./catalogs.mjs";
import { withoutUnused } from "./unused.mjs";

export default defineConfig({
  plugins: [catalogs(), withoutUnused()],
  // Relative, so that the panel also works below a path of a reverse proxy.
  base: "./",
  build: {
    target: "es2022",
    // Nested rules are spelled out for the tablet that has hung on the wall for years.
    cssTarget: ["chrome100", "safari15.4", "firefox100"],
    // Nothing is inlined: the page then works under a policy that allows no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.HUB_URL ?? "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});

import { expect, it } from "vitest";
import { deviceHref, pageHref, parseRoute, weatherHref } from "./route";

it("reads back the addresses that it writes", () => {
  for (const id of ["roof", "pump-2_b", "a b/c?"]) {
    expect(parseRoute(deviceHref(id))).toMatchObject({ page: "device", id });
    expect(parseRoute(weatherHref(id))).toMatchObject({ page: "weather", id });
  }
  for (const page of ["fleet", "compare", "weather", "settings"] as const) {
    expect(parseRoute(pageHref(page))).toMatchObject({ page, id: "" });
  }
});

it("keeps what a page is asked for, and leaves out what is empty", () => {
  const href = pageHref("fleet", { q: "a&b", sort: "" });
  expect(href).toBe("#/?q=a%26b");
  const { page, query } = parseRoute(href);
  expect([page, query.get("q"), query.get("sort")]).toEqual(["fleet", "a&b", null]);
});

it("shows the fleet for what it does not know, and survives a broken address", () => {
  for (const hash of ["", "#", "#/nowhere", "#/devices/", "#/devices/a/b", "#/settings/x"]) {
    expect(parseRoute(hash).page).toBe("fleet");
  }
  expect(parseRoute("#/devices/%zz")).toMatchObject({ page: "device", id: "%zz" });
});

import { expect, it } from "vitest";
import { deviceHref, FLEET_HREF, parseRoute } from "./route";

it("reads back the addresses that it writes", () => {
  for (const id of ["roof", "pump-2_b", "a b/c?"]) {
    expect(parseRoute(deviceHref(id))).toEqual({ page: "device", id });
  }
  expect(parseRoute(FLEET_HREF)).toEqual({ page: "fleet" });
});

it("shows the fleet for what it does not know, and survives a broken address", () => {
  for (const hash of ["", "#", "#/nowhere", "#/devices/", "#/devices/a/b"]) {
    expect(parseRoute(hash)).toEqual({ page: "fleet" });
  }
  expect(parseRoute("#/devices/%zz")).toEqual({ page: "device", id: "%zz" });
});

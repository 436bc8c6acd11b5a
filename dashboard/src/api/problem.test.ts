import { expect, it } from "vitest";
import { troubleOf } from "./problem";

const body = { type: "about:blank", title: "Conflict", status: 409, detail: "roof is online" };

it("knows a problem by its code, and what it names", () => {
  expect(troubleOf(409, "Conflict", { ...body, code: "device_online", values: { device: "roof" } })).toEqual({
    code: "device_online",
    values: { device: "roof", status: "409", reason: "roof is online" },
  });
});

it("gives the hub's own words where there is no code, or else the status", () => {
  const reason = (...[text, said]: [string, unknown]) => troubleOf(500, text, said);
  expect(reason("", { ...body, code: null, values: {} })).toEqual({
    code: "status",
    values: { status: "500", reason: "roof is online" },
  });
  expect(reason("Bad Gateway", null).values.reason).toBe("Bad Gateway");
  expect(reason("", "oops").values.reason).toBe("–");
  expect(reason("", { title: "Not ready", detail: 7, values: 7 }).values).toEqual({
    status: "500",
    reason: "Not ready",
  });
});

it("says what to do about a missing password", () => {
  expect(troubleOf(401, "Unauthorized", body).code).toBe("password");
});

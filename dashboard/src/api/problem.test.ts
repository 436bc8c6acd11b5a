import { expect, it } from "vitest";
import { problemText } from "./problem";

it("says what the hub said", () => {
  const body = { type: "about:blank", title: "Not ready", status: 503, detail: "The store cannot be read." };
  expect(problemText(503, "Service Unavailable", body)).toBe(
    "The hub answers 503, Not ready: The store cannot be read.",
  );
});

it("falls back to the status when the body is no problem document", () => {
  expect(problemText(502, "Bad Gateway", null)).toBe("The hub answers 502, Bad Gateway.");
  expect(problemText(500, "", "oops")).toBe("The hub answers 500.");
  expect(problemText(500, "", { title: 7, detail: "" })).toBe("The hub answers 500.");
});

it("says what to do about a missing password", () => {
  expect(problemText(401, "Unauthorized", null)).toContain("Reload");
});

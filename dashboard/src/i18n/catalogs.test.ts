/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { compileMessage } from "@lingui/message-utils/compileMessage";
import { describe, expect, it } from "vitest";
import { PREFIX } from "../lib/said";
import { LANGUAGES } from "../lib/settings";

const texts = (language: string) =>
  JSON.parse(readFileSync(new URL(`./${language}.json`, import.meta.url), "utf8")) as Record<string, string>;
const english = texts("en");

/** What a message is filled in with, in its plurals and choices too, whatever the order. */
function holes(message: unknown): string[] {
  if (!Array.isArray(message)) return [];
  const names = message.flatMap((token: unknown): string[] => {
    if (!Array.isArray(token)) return [];
    const [name, , inner] = token as [string, string?, Record<string, unknown>?];
    return [name, ...Object.values(Object(inner) as object).flatMap(holes)];
  });
  return [...new Set(names)].filter((name) => name !== "#").sort();
}
const holesOf = (text: string) => holes(compileMessage(text));

describe.each([...LANGUAGES])("the texts of %s", (language) => {
  it("are there for everything that English has, and for nothing else", () => {
    expect(Object.keys(texts(language)).sort()).toEqual(Object.keys(english).sort());
  });

  it("are ICU messages with the same holes as the English ones", () => {
    for (const [word, text] of Object.entries(texts(language))) {
      expect(text.trim(), word).not.toBe("");
      expect(() => compileMessage(text), word).not.toThrow();
      expect(holesOf(text), word).toEqual(holesOf(english[word] ?? ""));
    }
  });
});

it("every problem that the hub has a code for has a text, which names what the hub names", () => {
  const { components } = JSON.parse(
    readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"),
  );
  const { enum: codes, description } = components.schemas.ProblemCode as {
    enum: string[];
    description: string;
  };
  expect(codes.length).toBeGreaterThan(10);
  for (const code of codes) {
    const line = description.split("\n").find((one) => one.startsWith(`- \`${code}\`:`)) ?? "";
    const named = [...line.matchAll(/`(\w+)`/g)].map(([, name]) => name).slice(1);
    for (const hole of holesOf(english[`problem.${code}`] ?? "{none}")) expect(named, code).toContain(hole);
  }
});

it("every text is used; that every text used is there is what the compiler checks", () => {
  const folder = new URL("../", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(tsx|ts)$/.test(name),
  );
  const source = files.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  // A text is named in quotes, or put together around a value, such as `fault.${name}.help`.
  const patterns = [...source.matchAll(/`((?:[a-z0-9_.]|\$\{[^}]*\})+)`/g)].map(
    ([, pattern = ""]) => new RegExp(`^${pattern.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`),
  );
  // What other programs say is found by its pattern.
  const unused = Object.keys(english).filter(
    (word) =>
      !word.startsWith(PREFIX) &&
      !source.includes(`"${word}"`) &&
      !patterns.some((pattern) => pattern.test(word)),
  );
  expect(unused).toEqual([]);
});

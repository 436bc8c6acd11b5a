import { describe, expect, it } from "vitest";
import { DEFAULTS, pickLanguage, pickLocale, readSettings } from "./settings";

describe("kept settings", () => {
  it("come back as they were", () => {
    const kept = { ...DEFAULTS, theme: "dark", language: "pt" } as const;
    expect(readSettings(JSON.stringify(kept))).toEqual(kept);
  });

  it.each([null, "", "null", "7", "{", '{"theme":"pink","language":"xx","look":1}'])(
    "are the first ones where %j was kept",
    (text) => {
      expect(readSettings(text)).toEqual(DEFAULTS);
    },
  );

  it("keep what is valid beside what is not", () => {
    const kept = readSettings('{"theme":"light","temperature":"kelvin"}');
    expect(kept).toEqual({ ...DEFAULTS, theme: "light" });
  });
});

it("speaks the chosen language, else the reader's first known one, else English", () => {
  expect(pickLanguage("es", ["pt-BR"])).toBe("es");
  expect(pickLanguage("auto", ["de-DE", "pt-BR", "en"])).toBe("pt");
  expect(pickLanguage("auto", ["de"])).toBe("en");
});

it("formats by the reader's own variant of the language", () => {
  expect(pickLocale("en", ["de-DE", "en-GB"])).toBe("en-GB");
  expect(pickLocale("es", ["en-GB"])).toBe("es");
});

// What a reader may choose. It is kept per browser; whatever was kept is read with suspicion.

export const THEMES = ["auto", "light", "dark"] as const;
export const LANGUAGES = ["en", "pt", "es"] as const;
export const TEMPERATURES = ["celsius", "fahrenheit"] as const;
export const PRESSURES = ["hectopascal", "inch_of_mercury"] as const;
export const LOOKS = ["table", "cards"] as const;

export type Language = (typeof LANGUAGES)[number];

export interface Settings {
  theme: (typeof THEMES)[number];
  /** `auto` is the browser's own. */
  language: Language | "auto";
  temperature: (typeof TEMPERATURES)[number];
  pressure: (typeof PRESSURES)[number];
  /** How the fleet is shown. */
  look: (typeof LOOKS)[number];
}

export const DEFAULTS: Settings = {
  theme: "auto",
  language: "auto",
  temperature: "celsius",
  pressure: "hectopascal",
  look: "table",
};

/** The settings in a kept text. What is not valid there is as it was from the start. */
export function readSettings(text: string | null): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    if (typeof parsed === "object" && parsed !== null) kept = parsed;
  } catch {
    // Kept by something else, or cut off: nothing in it can be trusted.
  }
  const one = <T>(value: unknown, of: readonly T[], otherwise: T) =>
    of.includes(value as T) ? (value as T) : otherwise;
  return {
    theme: one(kept.theme, THEMES, DEFAULTS.theme),
    language: one(kept.language, ["auto", ...LANGUAGES], DEFAULTS.language),
    temperature: one(kept.temperature, TEMPERATURES, DEFAULTS.temperature),
    pressure: one(kept.pressure, PRESSURES, DEFAULTS.pressure),
    look: one(kept.look, LOOKS, DEFAULTS.look),
  };
}

/** The language to speak: the chosen one, or the first that the browser's reader knows, or English. */
export function pickLanguage(chosen: Settings["language"], wanted: readonly string[]): Language {
  if (chosen !== "auto") return chosen;
  const known = wanted.map((tag) => tag.slice(0, 2).toLowerCase()) as Language[];
  return known.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

/** The tag to format numbers and dates by: the browser's own variant of the language where it has one. */
export function pickLocale(language: Language, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
}

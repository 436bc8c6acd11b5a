// The reader's settings: kept in this browser, and what follows from them for every page.
import { speak, t } from "./i18n/words.svelte";
import type { Style } from "./lib/format";
import { pickLanguage, pickLocale, readSettings, type Settings } from "./lib/settings";

const KEY = "edgewise";

class Reader {
  settings = $state.raw(readSettings(kept()));
  /** Whether the page is dark now. */
  dark = $state(false);

  readonly language = $derived(pickLanguage(this.settings.language, navigator.languages));
  readonly locale = $derived(pickLocale(this.language, navigator.languages));
  readonly style: Style = $derived({
    locale: this.locale,
    temperature: this.settings.temperature,
    pressure: this.settings.pressure,
    yes: t("yes"),
    no: t("no"),
  });

  #system = matchMedia("(prefers-color-scheme: dark)");

  /** Takes effect at once, for the time before the first page too. */
  start(): Promise<void> {
    this.#system.addEventListener("change", () => this.#paint());
    this.#paint();
    return speak(this.language);
  }

  /** Changes some settings and keeps them. A browser that keeps nothing still shows them. */
  change(changed: Partial<Settings>): void {
    this.settings = { ...this.settings, ...changed };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.settings));
    } catch {
      // Private windows and full disks: the setting then ends with the page.
    }
    this.#paint();
    void speak(this.language);
  }

  #paint(): void {
    const { theme } = this.settings;
    this.dark = theme === "dark" || (theme === "auto" && this.#system.matches);
    document.documentElement.dataset.theme = this.dark ? "dark" : "light";
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const reader = new Reader();

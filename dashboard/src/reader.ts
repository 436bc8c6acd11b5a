import { computed, signal } from "@preact/signals";
// The reader's settings: kept in this browser, and what follows from them for every page.
import { speak, t } from "./i18n/words";
import type { Style } from "./lib/format";
import { pickLanguage, pickLocale, readSettings, type Settings } from "./lib/settings";

const KEY = "edgewise";

class Reader {
  readonly settings = signal(readSettings(kept()));
  /** Whether the page is dark now. */
  readonly dark = signal(false);

  readonly language = computed(() => pickLanguage(this.settings.value.language, navigator.languages));
  readonly locale = computed(() => pickLocale(this.language.value, navigator.languages));
  readonly style = computed((): Style => {
    const { temperature, pressure } = this.settings.value;
    return { locale: this.locale.value, temperature, pressure, yes: t("yes"), no: t("no") };
  });

  #system = matchMedia("(prefers-color-scheme: dark)");

  /** Takes effect at once, for the time before the first page too. */
  start(): Promise<void> {
    this.#system.addEventListener("change", () => this.#paint());
    this.#paint();
    return speak(this.language.value);
  }

  /** Changes some settings and keeps them. A browser that keeps nothing still shows them. */
  change(changed: Partial<Settings>): void {
    this.settings.value = { ...this.settings.value, ...changed };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.settings.value));
    } catch {
      // Private windows and full disks: the setting then ends with the page.
    }
    this.#paint();
    void speak(this.language.value);
  }

  #paint(): void {
    const { theme } = this.settings.value;
    const dark = theme === "dark" || (theme === "auto" && this.#system.matches);
    this.dark.value = dark;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
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

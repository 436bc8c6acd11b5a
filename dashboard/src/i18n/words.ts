// The texts of the panel in the reader's language. Lingui reads ICU messages, so plurals are right in each.
import { setupI18n } from "@lingui/core";
import { signal } from "@preact/signals";
import type { Language } from "../lib/settings";
import type catalog from "./en.json";
import en from "./en.json?catalog";
import es from "./es.json?catalog";
import pt from "./pt.json?catalog";

/** The name of a text. */
export type Word = keyof typeof catalog;

const URLS: Record<Language, string> = { en, es, pt };
const i18n = setupI18n();
const read = new Set<Language>();
// Lingui tells nobody when its language changes: whoever has read a text reads it again when this does.
const spoken = signal<Language>();

/** Speaks a language from now on. Throws when its texts cannot be read; the one before is spoken on then. */
export async function speak(language: Language): Promise<void> {
  if (!read.has(language)) {
    const answer = await fetch(URLS[language]);
    if (!answer.ok) throw new Error(`the texts of language ${language} cannot be read: ${answer.status}`);
    i18n.load(language, await answer.json());
    read.add(language);
  }
  i18n.activate(language);
  document.documentElement.lang = language;
  spoken.value = language;
}

/** A text in the language that is spoken. */
export function t(word: Word, values?: Record<string, string | number>): string {
  void spoken.value;
  return i18n._(word, values);
}

// The texts of the panel in the reader's language. Lingui reads ICU messages, so plurals are right in each.
import { setupI18n } from "@lingui/core";
import { signal } from "@preact/signals";
import type { Trouble } from "../api/problem";
import { find, patternsOf } from "../lib/said";
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
let patterns: ReturnType<typeof patternsOf> = [];
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
  patterns = patternsOf(Object.keys(i18n.messages));
  document.documentElement.lang = language;
  spoken.value = language;
}

/** A text in the language that is spoken. */
export function t(word: Word, values?: Record<string, string | number>): string {
  void spoken.value;
  return i18n._(word, values);
}

/** Why a request failed; what has no text of its own in the words of the hub. */
export function explain({ code, values }: Trouble): string {
  const word = `problem.${code}`;
  return t((word in i18n.messages ? word : "problem.status") as Word, values);
}

/** A text of an agent or of the hub, which speak English, in the language that is spoken; one that nobody translated as
 * it came. */
export function said(text: string): string {
  void spoken.value;
  const found = find(patterns, text);
  if (!found) return text;
  const [word, holes] = found;
  const filled = Object.entries(holes).map(([name, value]) => [name, said(value)]);
  return i18n._(word, Object.fromEntries(filled));
}

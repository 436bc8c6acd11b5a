// Texts that agents and the hub say in English, in the reader's language. A catalog names them by their English
// pattern, such as `said.Disk used at {x}`; what no pattern fits is shown as it came.

export const PREFIX = "said.";

type Pattern = [RegExp, string];

const escape = (text: string) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");

/** The patterns of a catalog's words, whole texts first, so that the closest one fits. */
export function patternsOf(words: readonly string[]): Pattern[] {
  return words
    .filter((word) => word.startsWith(PREFIX))
    .sort((a, b) => Number(a.includes("{")) - Number(b.includes("{")) || b.length - a.length)
    .map((word) => [
      new RegExp(`^${escape(word.slice(PREFIX.length)).replace(/\{(\w+)\}/g, "(?<$1>.+)")}$`, "is"),
      word,
    ]);
}

/** The word of the first pattern that fits a text, and what fills its holes; null when none does. */
export function find(patterns: readonly Pattern[], text: string): [string, Record<string, string>] | null {
  for (const [pattern, word] of patterns) {
    const match = pattern.exec(text);
    if (match) return [word, { ...match.groups }];
  }
  return null;
}

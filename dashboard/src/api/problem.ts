// What an answer without success says to people.

/** One line for an HTTP status and the body that came with it, which may be a problem document or anything. */
export function problemText(status: number, statusText: string, body: unknown): string {
  if (status === 401) return "The hub wants a password (401). Reload the page to be asked for it.";
  const { title, detail } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const said = [title, detail].filter((part): part is string => typeof part === "string" && part !== "");
  const reason = (said.length > 0 ? said.join(": ") : statusText).replace(/\.$/, "");
  return reason ? `The hub answers ${status}, ${reason}.` : `The hub answers ${status}.`;
}

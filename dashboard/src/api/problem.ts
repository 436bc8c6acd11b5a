// Why a request gave no answer that can be used.

/** What stands in the way: a text of the catalogs, without the `problem.` of its name, and what fills it. */
export interface Trouble {
  code: string;
  values: Record<string, string>;
}

/**
 * What an HTTP status says and the body that came with it, which may be a problem document or anything. Where the
 * problem has no code, `reason` is what the hub says in its own words.
 */
export function troubleOf(status: number, statusText: string, body: unknown): Trouble {
  const { title, detail, code, values } = (typeof body === "object" && body ? body : {}) as Record<
    string,
    unknown
  >;
  const said = [detail, title, statusText].find((text) => typeof text === "string" && text !== "");
  const reason = (said ?? "–") as string;
  return {
    code: status === 401 ? "password" : typeof code === "string" ? code : "status",
    values: { ...(values as object), status: String(status), reason },
  };
}

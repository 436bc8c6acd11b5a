// The life of the one live connection, as pure steps: what happened goes in, what to do comes out.
// Times are milliseconds of a monotonic clock.

/** Without an event (a ping comes every 5 s) for so long, the hub counts as gone. */
export const SILENCE_MS = 12_000;

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;

export interface Connection {
  phase: "connecting" | "live" | "lost";
  /** When the hub was last heard, or when the present attempt began. */
  heardAt: number;
  /** When the next attempt is due; null while one is under way. */
  retryAt: number | null;
  /** Attempts in a row that failed. */
  failures: number;
}

export type Happening = "opened" | "heard" | "failed" | "tick";

/** `reopen`: make a new connection. `close`: drop the present one. `begin`: it is new and lists all there is. */
export type Action = "none" | "reopen" | "close" | "begin";

/** A connection whose first attempt begins at `at`. */
export function connecting(at: number): Connection {
  return { phase: "connecting", heardAt: at, retryAt: null, failures: 0 };
}

/** The connection after something happened at `at`, and what to do now. */
export function step(connection: Connection, happening: Happening, at: number): [Connection, Action] {
  switch (happening) {
    case "opened":
      return [{ ...connection, phase: "live", heardAt: at, retryAt: null, failures: 0 }, "begin"];
    case "heard":
      return [{ ...connection, phase: "live", heardAt: at, retryAt: null, failures: 0 }, "none"];
    case "failed":
      return connection.retryAt === null ? [lose(connection, at), "close"] : [connection, "none"];
    case "tick":
      if (connection.retryAt !== null) {
        if (at < connection.retryAt) return [connection, "none"];
        return [{ ...connection, heardAt: at, retryAt: null }, "reopen"];
      }
      // A connection can be dead without an error: a cable pulled, a laptop that slept.
      return at - connection.heardAt < SILENCE_MS ? [connection, "none"] : [lose(connection, at), "close"];
  }
}

function lose(connection: Connection, at: number): Connection {
  const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** connection.failures);
  return { ...connection, phase: "lost", retryAt: at + wait, failures: connection.failures + 1 };
}

import { describe, expect, it } from "vitest";
import { type Action, type Connection, connecting, type Happening, SILENCE_MS, step } from "./connection";

/** Plays happenings and gives the last state and every action that was not "none", with its time. */
function play(happenings: [number, Happening][]): { end: Connection; actions: [number, Action][] } {
  let end = connecting(0);
  const actions: [number, Action][] = [];
  for (const [at, happening] of happenings) {
    const [next, action] = step(end, happening, at);
    end = next;
    if (action !== "none") actions.push([at, action]);
  }
  return { end, actions };
}

function ticks(from: number, to: number): [number, Happening][] {
  return Array.from({ length: Math.floor((to - from) / 1000) + 1 }, (_, i) => [from + i * 1000, "tick"]);
}

describe("the live connection", () => {
  it("is live once it opened, reads what was missed, and stays so while it hears", () => {
    const { end, actions } = play([
      [50, "opened"],
      ...ticks(1000, 5000),
      [5050, "heard"],
      ...ticks(6000, 17_000),
    ]);
    expect(end.phase).toBe("live");
    expect(actions).toEqual([[50, "begin"]]);
  });

  it("is lost after a silence, well before 15 s", () => {
    const { end, actions } = play([[0, "opened"], ...ticks(1000, SILENCE_MS)]);
    expect(end.phase).toBe("lost");
    expect(actions).toEqual([
      [0, "begin"],
      [12_000, "close"],
    ]);
    expect(SILENCE_MS).toBeLessThan(14_000);
  });

  it("is lost at once on an error, and a second error of the same connection changes nothing", () => {
    const { end, actions } = play([
      [0, "opened"],
      [3000, "failed"],
      [3001, "failed"],
    ]);
    expect(end).toMatchObject({ phase: "lost", retryAt: 4000, failures: 1 });
    expect(actions.slice(1)).toEqual([[3000, "close"]]);
  });

  it("tries again, each time later, never more than 10 s apart", () => {
    let connection = connecting(0);
    const waits: number[] = [];
    let at = 0;
    for (let i = 0; i < 6; i += 1) {
      connection = step(connection, "failed", at)[0];
      waits.push(connection.retryAt! - at);
      at = connection.retryAt!;
      const [next, action] = step(connection, "tick", at);
      expect(action).toBe("reopen");
      expect(next.phase).toBe("lost");
      connection = next;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("gives up an attempt that never answers", () => {
    const { actions } = play(ticks(1000, 14_000));
    expect(actions).toEqual([
      [12_000, "close"],
      [13_000, "reopen"],
    ]);
  });

  it("heals: an opened connection forgets its failures", () => {
    const { end, actions } = play([
      [0, "failed"],
      [1000, "tick"],
      [1100, "opened"],
    ]);
    expect(end).toMatchObject({ phase: "live", failures: 0, retryAt: null });
    expect(actions.map(([, action]) => action)).toEqual(["close", "reopen", "begin"]);
  });
});

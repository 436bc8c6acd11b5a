import { describe, expect, it } from "vitest";
import { arrange, type Question } from "./fleet";
import { birth, device, metric, state, T0 } from "./sample";

const METRICS = [metric("cpu_percent", "percent", "cpu"), metric("temperature_celsius", "celsius", "bme280")];

const busy = (id: string, cpu: number, parts = {}) =>
  device({
    id,
    birth: birth(METRICS),
    state: state({ mean: { cpu_percent: cpu }, ...parts }),
    state_received_ms: T0,
  });
const FLEET = [
  busy("pump-10", 20),
  busy("pump-2", 80),
  busy("roof", 50, { faults: { bme280: "stuck" } }),
  { ...busy("cellar", 99), status: "offline" as const },
  { ...busy("attic", 1), last_heard_ms: T0 - 60_000, state_received_ms: T0 - 60_000 },
];
const ASK: Question = {
  search: "",
  show: "all",
  sort: "name",
  reversed: false,
  tag: "",
  grouped: false,
  closed: new Set(),
};
const ids = (question: Partial<Question>) => arrange(FLEET, { ...ASK, ...question }, T0).ids;

describe("order", () => {
  it("is that in which people count", () => {
    expect(ids({})).toEqual(["attic", "cellar", "pump-2", "pump-10", "roof"]);
    expect(ids({ reversed: true })).toEqual(["roof", "pump-10", "pump-2", "cellar", "attic"]);
  });

  it("puts the highest figure first and old ones last, in both directions", () => {
    expect(ids({ sort: "cpu" })).toEqual(["pump-2", "roof", "pump-10", "attic", "cellar"]);
    expect(ids({ sort: "cpu", reversed: true })).toEqual(["pump-10", "roof", "pump-2", "cellar", "attic"]);
  });

  it("can put first what needs a look", () => {
    expect(ids({ sort: "attention" })).toEqual(["cellar", "attic", "roof", "pump-2", "pump-10"]);
  });
});

describe("filter", () => {
  it("shows one kind, and counts all kinds", () => {
    expect(ids({ show: "faults" })).toEqual(["roof"]);
    const { counts } = arrange(FLEET, { ...ASK, show: "offline" }, T0);
    expect(counts).toEqual({ all: 5, online: 3, silent: 1, offline: 1, unknown: 0, faults: 1, power: 0 });
  });

  it("finds every word in names, model, system and faults", () => {
    expect(ids({ search: "PUMP 10" })).toEqual(["pump-10"]);
    expect(ids({ search: "bme280" })).toEqual(["roof"]);
    expect(ids({ search: "debian" })).toHaveLength(5);
    expect(ids({ search: "nothing" })).toEqual([]);
  });

  it("does not count the faults of a device that is gone", () => {
    const gone = { ...busy("x", 1, { faults: { cpu: "stuck" } }), status: "offline" as const };
    expect(arrange([gone], ASK, T0).counts.faults).toBe(0);
  });
});

describe("labels", () => {
  const named = (id: string, labels: Partial<ReturnType<typeof device>["labels"]>) => ({
    ...busy(id, 10),
    labels: { name: null, tags: [], group: null, ...labels },
  });
  const labelled = [
    named("d1", { name: "Zeder", tags: ["wet"], group: "Garden" }),
    named("d2", { tags: ["wet", "pv"], group: "Garden" }),
    named("d3", { name: "Attic", tags: ["pv"] }),
  ];
  const find = (question: Partial<Question>) => arrange(labelled, { ...ASK, ...question }, T0);

  it("are what devices are sorted and found by", () => {
    expect(find({}).ids).toEqual(["d3", "d2", "d1"]);
    expect(find({ search: "zeder" }).ids).toEqual(["d1"]);
    expect(find({ search: "garden pv" }).ids).toEqual(["d2"]);
    expect(find({ tag: "pv" })).toMatchObject({ ids: ["d3", "d2"], tags: ["pv", "wet"], hasGroups: true });
    expect(find({ tag: "pv" }).counts.all).toBe(2);
  });

  it("put devices below the heads of their groups, which may be closed", () => {
    expect(find({ grouped: true }).ids).toEqual(["\nGarden", "d2", "d1", "\n", "d3"]);
    const closed = find({ grouped: true, closed: new Set(["Garden"]) });
    expect(closed.ids).toEqual(["\nGarden", "\n", "d3"]);
    expect([closed.found, closed.sizes.get("Garden")]).toEqual([3, 2]);
  });
});

// Which devices a fleet page shows, and in which order.
import type { DeviceView, MetricDescription } from "../api/types";
import { type Figure, figureOf } from "./figure";
import { CPU, describe, mainTemperature, MEMORY_USED } from "./metrics";
import { powerOf } from "./power";
import { isFresh, presenceOf } from "./presence";
import { headOf, nameOf } from "./labels";
import { byId } from "./views";

export const SHOWS = ["all", "online", "silent", "offline", "unknown", "faults", "power"] as const;
export type Show = (typeof SHOWS)[number];

export const SORTS = ["name", "attention", "heard", "cpu", "memory", "temperature"] as const;
export type Sort = (typeof SORTS)[number];

export interface Question {
  /** Words that must all be found in a device's names, model, system or faults. */
  search: string;
  show: Show;
  sort: Sort;
  /** Against the order in which one reads a sort first. */
  reversed: boolean;
  /** A tag that a device must have; empty for any. */
  tag: string;
  /** Whether devices stand below the heads of their groups. */
  grouped: boolean;
  /** Groups of which only the head stands there. */
  closed: ReadonlySet<string>;
}

export interface Arranged {
  /** Ids, with heads of groups between them where these are asked for. */
  ids: string[];
  /** How many devices are found, in closed groups too. */
  found: number;
  counts: Record<Show, number>;
  /** All tags that there are. */
  tags: string[];
  /** How many devices are found in each group, by name; those in none come last. */
  sizes: Map<string, number>;
  /** Whether any device is in a group. */
  hasGroups: boolean;
}

export interface KeyMetrics {
  cpu: MetricDescription | undefined;
  memory: MetricDescription | undefined;
  temperature: MetricDescription | undefined;
}

const known = new WeakMap<object, KeyMetrics>();

/** The few metrics that a fleet shows of each device. */
export function keyMetrics(view: DeviceView): KeyMetrics {
  // A birth is replaced, never changed, so what follows from it is worked out once.
  const kept = view.birth && known.get(view.birth);
  if (kept) return kept;
  const metrics = describe(view);
  const find = (name: string) => metrics.find((metric) => metric.name === name);
  const made = { cpu: find(CPU), memory: find(MEMORY_USED), temperature: mainTemperature(metrics) };
  if (view.birth) known.set(view.birth, made);
  return made;
}

/** The figure of a device by which a fleet is sorted, or which it shows. */
export function keyFigure(view: DeviceView, key: keyof KeyMetrics): Figure {
  return figureOf(view, keyMetrics(view)[key], key === "cpu" ? "mean" : "now");
}

/** Filters and sorts devices, and counts them as if nothing were filtered but the search. */
export function arrange(views: Iterable<DeviceView>, question: Question, nowMs: number): Arranged {
  const counts = Object.fromEntries(SHOWS.map((show) => [show, 0])) as Record<Show, number>;
  const words = question.search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: { id: string; name: string; group: string; key: number | null }[] = [];
  const tags = new Set<string>();
  let hasGroups = false;
  for (const view of views) {
    const { labels } = view;
    for (const tag of labels.tags) tags.add(tag);
    hasGroups ||= labels.group !== null;
    if (question.tag && !labels.tags.includes(question.tag)) continue;
    if (words.length > 0 && !matches(view, words)) continue;
    const kinds = kindsOf(view, nowMs);
    for (const kind of kinds) counts[kind] += 1;
    if (kinds.includes(question.show))
      rows.push({
        id: view.id,
        name: nameOf(view),
        group: labels.group ?? "",
        key: sortKey(view, question.sort, kinds, nowMs),
      });
  }
  const sign = question.reversed ? -1 : 1;
  rows.sort((a, b) => {
    // Whoever has no figure comes last, whatever the direction.
    if (a.key === null || b.key === null) {
      return a.key === b.key ? sign * byName(a, b) : a.key === null ? 1 : -1;
    }
    return sign * (a.key - b.key || byName(a, b));
  });
  const arranged = { found: rows.length, counts, tags: [...tags].sort(byId), hasGroups };
  if (!question.grouped) return { ...arranged, ids: rows.map(({ id }) => id), sizes: new Map() };
  const groups = new Map<string, string[]>();
  for (const { id, group } of rows) {
    const below = groups.get(group);
    if (below) below.push(id);
    else groups.set(group, [id]);
  }
  const names = [...groups.keys()].sort((a, b) => (a && b ? byId(a, b) : a ? -1 : 1));
  const below = (group: string) => groups.get(group) ?? [];
  return {
    ...arranged,
    ids: names.flatMap((group) => [headOf(group), ...(question.closed.has(group) ? [] : below(group))]),
    sizes: new Map(names.map((group) => [group, below(group).length])),
  };
}

interface Named {
  id: string;
  name: string;
}

function byName(a: Named, b: Named): number {
  return byId(a.name, b.name) || byId(a.id, b.id);
}

function kindsOf(view: DeviceView, nowMs: number): Show[] {
  const kinds: Show[] = ["all", presenceOf(view, nowMs)];
  if (view.status === "offline") return kinds;
  for (const _ in view.state?.faults) {
    kinds.push("faults");
    break;
  }
  const verdict = powerOf(view)?.verdict;
  if (verdict === "now" || verdict === "was") kinds.push("power");
  return kinds;
}

function matches(view: DeviceView, words: string[]): boolean {
  const { birth, state } = view;
  const text = [
    view.id,
    view.labels.name,
    view.labels.group,
    ...view.labels.tags,
    birth?.hostname,
    birth?.model,
    birth?.os,
    birth?.arch,
    ...Object.keys(state?.faults ?? {}),
  ]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What needs a look first, lowest first. */
const ATTENTION: Show[] = ["offline", "silent", "faults", "power", "unknown"];

function sortKey(view: DeviceView, sort: Sort, kinds: Show[], nowMs: number): number | null {
  switch (sort) {
    case "name":
      return 0;
    case "attention": {
      const rank = ATTENTION.findIndex((kind) => kinds.includes(kind));
      return rank < 0 ? ATTENTION.length : rank;
    }
    case "heard":
      return view.last_heard_ms == null ? null : -view.last_heard_ms;
    default: {
      // An old figure is no figure of now.
      const figure = keyFigure(view, sort);
      return figure.kind === "value" && isFresh(view, nowMs) ? -figure.value : null;
    }
  }
}

// Histories as CSV (RFC 4180), in base units with a point as decimal sign: for programs, not for a locale.
import type { History } from "../api/types";

const FIGURES = ["mean", "min", "max", "count"] as const;

/** A line for each stored time, four columns for each metric; what is not known is empty. */
export function historyCsv(history: History): string {
  const rows = new Map<number, string[]>();
  const width = history.series.length * FIGURES.length;
  history.series.forEach(({ points }, index) => {
    for (const point of points) {
      const row = rows.get(point.time_ms) ?? Array<string>(width).fill("");
      FIGURES.forEach((figure, at) => (row[index * FIGURES.length + at] = String(point[figure])));
      rows.set(point.time_ms, row);
    }
  });
  const head = [
    "time",
    ...history.series.flatMap(({ metric }) => FIGURES.map((figure) => `${metric} ${figure}`)),
  ];
  const lines = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([time, row]) => [new Date(time).toISOString(), ...row]);
  return [head, ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

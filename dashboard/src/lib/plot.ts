// How the chart looks: options for uPlot, apart from the component so that it stays short.
import type { Options, Range } from "uplot";
import type uPlot from "uplot";
import type { Unit } from "../api/types";
import { formatText, hasPrefix } from "./format";
import { lonely } from "./series";
import { formatClock } from "./time";

const COLOURS = 8;

/** The smallest span of an axis: the noise of a steady value must not look like weather. */
const LEAST_SPAN = 2;

/** A colour of the page by the name of its custom property. */
export function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The range of the value axis: the whole for shares, otherwise what the data needs and a little air. */
export function valueRange(unit: Unit, min: number | null, max: number | null): [number, number] {
  if (unit === "percent") return [0, 100];
  if (unit === "flag") return [0, 1];
  if (min === null || max === null) return [0, 1];
  if (hasPrefix(unit)) return [0, max > 0 ? max * 1.1 : 1];
  const middle = (min + max) / 2;
  const half = Math.max((max - min) * 0.6, LEAST_SPAN / 2);
  return [middle - half, middle + half];
}

/** The options of a plot of `lines` lines. `onCursor` gets the position in the data under the pointer. */
export function options(
  size: { width: number; height: number },
  lines: number,
  unit: Unit,
  colour: (name: string) => string,
  onCursor: (index: number | null) => void,
): Options {
  const axis = {
    stroke: colour("--soft"),
    font: "12px system-ui, sans-serif",
    ticks: { show: false },
    grid: { stroke: colour("--faint"), width: 1 },
  };
  return {
    ...size,
    ms: 1,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      y: { range: ((_, min, max) => valueRange(unit, min, max)) as Range.Function },
    },
    axes: [
      { ...axis, size: 32, values: (_, splits) => splits.map((time) => clockLabel(time, splits)) },
      {
        ...axis,
        size: unit.startsWith("bytes") ? 84 : 52,
        values: (_, splits) => splits.map((value) => axisLabel(value, splits, unit)),
      },
    ],
    series: [{}, ...Array.from({ length: lines }, (_, index) => line(index, colour))],
    hooks: { setCursor: [(plot: uPlot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

function line(index: number, colour: (name: string) => string): uPlot.Series {
  const stroke = colour(`--line-${(index % COLOURS) + 1}`);
  return {
    stroke,
    width: index === 0 ? 2 : 1.5,
    points: {
      show: true,
      size: 4,
      fill: stroke,
      // Only where no line reaches.
      filter: (plot, series) => lonely(plot.data[series] as (number | null)[]),
    },
  };
}

function clockLabel(time: number, splits: number[]): string {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return step > 0 && step < 60_000 ? formatClock(time) : formatClock(time).slice(0, 5);
}

function axisLabel(value: number, splits: number[], unit: Unit): string {
  if (hasPrefix(unit)) return formatText(value, unit);
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  return value.toFixed(digits).replace("-", "\u2212");
}

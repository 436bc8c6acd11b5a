// How a chart looks: options for uPlot, apart from the component so that it stays short.
import type { Options, Range } from "uplot";
import type uPlot from "uplot";
import type { Unit } from "../api/types";
import { formatText, hasPrefix, number, type Style } from "./format";
import type { Lines, Row } from "./series";
import { lonely } from "./series";
import { DAY, formatClock, formatDay } from "./time";

export const COLOURS = 8;

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

/**
 * Lines as uPlot joins them: the means, then lowest and highest of each where they are shown, and the means of
 * the time before in a table of their own, moved to lie under the present one.
 */
export function tablesOf(lines: Lines, envelope: boolean, before: Lines | null, shiftMs: number) {
  const edges = envelope
    ? lines.mean.flatMap((_, index) => [lines.min[index] as Row, lines.max[index] as Row])
    : [];
  const tables: [number[], ...Row[]][] = [[lines.times, ...lines.mean, ...edges]];
  if (before) tables.push([before.times.map((time) => time + shiftMs), ...before.mean]);
  return tables;
}

/** The value at a place of a joined line, or the last one before it: `undefined` is no point of this line. */
export function valueAt(line: readonly (number | null | undefined)[] | undefined, at: number): number | null {
  for (let place = at; line && place >= 0; place -= 1) {
    const value = line[place];
    if (value !== undefined) return value;
  }
  return null;
}

export interface Look {
  width: number;
  height: number;
  unit: Unit;
  style: Style;
  /** Number of metrics. */
  lines: number;
  /** Whether lowest and highest of each follow the means, and whether the means of the time before follow. */
  envelope: boolean;
  before: boolean;
  colour: (name: string) => string;
  /** How much larger than at a desk the axes are written. */
  zoom: number;
  /** Gets the position in the data under the pointer. */
  onCursor: (index: number | null) => void;
  /** Gets the time that was drawn over; without it nothing can be. */
  onBrush?: ((fromMs: number, toMs: number) => void) | undefined;
}

/** Fewer pixels are a click that slipped. */
const LEAST_BRUSH = 12;

/** The options of a plot. */
export function options(look: Look): Options {
  const { unit, style, lines, envelope, before, colour, zoom, onCursor, onBrush } = look;
  const axis = {
    stroke: colour("--soft"),
    font: `${12 * zoom}px system-ui, sans-serif`,
    ticks: { show: false },
    grid: { stroke: colour("--faint"), width: 1 },
  };
  const all = Array.from({ length: lines }, (_, index) => index);
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  return {
    width: look.width,
    height: look.height,
    ms: 1,
    legend: { show: false, live: false },
    // Of itself uPlot leaves room for half of a small label.
    ...(zoom > 1 && { padding: [null, 24 * zoom, null, null] as Options["padding"] }),
    cursor: { y: false, drag: { x: onBrush !== undefined, y: false, setScale: false }, points: { size: 7 } },
    scales: { y: { range: ((_, min, max) => valueRange(unit, min, max)) as Range.Function } },
    axes: [
      {
        ...axis,
        size: 32 * zoom,
        space: 50 * zoom,
        values: (_, splits) => splits.map((time) => timeLabel(time, splits, style.locale)),
      },
      {
        ...axis,
        size: (unit.startsWith("bytes") ? 84 : 56) * zoom,
        values: (_, splits) => splits.map((value) => axisLabel(value, splits, unit, style)),
      },
    ],
    series: [
      {},
      ...all.map((index) => line(index, colour)),
      ...(envelope ? all.flatMap(() => [edge, edge]) : []),
      ...(before ? all.map((index) => ({ ...line(index, colour), width: 1, dash: [3, 4], alpha: 0.8 })) : []),
    ],
    bands: envelope
      ? all.map((index) => ({
          series: [lines + 2 + 2 * index, lines + 1 + 2 * index],
          fill: `color-mix(in srgb, ${colour(lineColour(index))} 16%, transparent)`,
        }))
      : [],
    hooks: {
      setCursor: [(plot: uPlot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot: uPlot) => brushed(plot, onBrush)],
    },
  };
}

function brushed(plot: uPlot, onBrush: Look["onBrush"]): void {
  const { left, width } = plot.select;
  if (width === 0) return;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (width >= LEAST_BRUSH) onBrush?.(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
}

/** The custom property with the colour of a line; after eight they come again. */
export function lineColour(index: number): string {
  return `--line-${(index % COLOURS) + 1}`;
}

/** How a line is drawn: colours that come again come dashed. */
export function lineDash(index: number): number[] {
  const turn = Math.floor(index / COLOURS);
  return turn === 0 ? [] : turn === 1 ? [8, 4] : [2, 3];
}

function line(index: number, colour: (name: string) => string): uPlot.Series {
  const stroke = colour(lineColour(index));
  return {
    stroke,
    width: index === 0 ? 2 : 1.5,
    dash: lineDash(index),
    points: {
      show: true,
      size: 4,
      fill: stroke,
      // Only where no line reaches.
      filter: (plot, series) => lonely(plot.data[series] as (number | null | undefined)[]),
    },
  };
}

function timeLabel(time: number, splits: number[], locale: string): string {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  const midnight = new Date(time).getHours() === 0 && new Date(time).getMinutes() === 0;
  if (step >= DAY / 2 || (midnight && step >= 1_800_000)) return formatDay(time, locale);
  return formatClock(time, locale, step > 0 && step < 60_000);
}

function axisLabel(value: number, splits: number[], unit: Unit, style: Style): string {
  if (hasPrefix(unit)) return formatText(value, unit, style);
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
  return number(value, Number.isInteger(step) ? 0 : step >= 0.1 ? 1 : 2, style.locale);
}

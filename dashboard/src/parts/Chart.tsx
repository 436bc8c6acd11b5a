import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Unit } from "../api/types";
import { t } from "../i18n/words";
import { scaleOf } from "../lib/format";
import { colourOf, options, tablesOf, valueAt } from "../lib/plot";
import type { Lines } from "../lib/series";
import { reader } from "../reader";
import "./Chart.css";

/** Values at a time under the pointer, in base units and the order of the lines. */
export interface Reading {
  time: number;
  values: (number | null)[];
}

interface Props {
  lines: Lines;
  /** The time of equal length before, drawn below it. */
  before?: Lines | null;
  envelope?: boolean;
  unit: Unit;
  fromMs: number;
  toMs: number;
  label: string;
  height?: number;
  /** How much larger than at a desk its axes are written. */
  zoom?: number;
  /** Gets what is under the pointer; null when it is elsewhere. */
  onRead?: (reading: Reading | null) => void;
  onBrush?: (fromMs: number, toMs: number) => void;
}

/** The canvas: lines over time by uPlot, in the colours of the page and the units of the reader. */
export function Chart(props: Props) {
  const { lines, before = null, envelope = false, unit, fromMs, toMs, label, height = 280, zoom = 1 } = props;
  const box = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<uPlot | null>(null);
  const style = reader.style.value;
  const dark = reader.dark.value;
  const { factor, offset } = scaleOf(unit, style);
  const count = lines.mean.length;

  const data = useMemo(() => {
    const tables = tablesOf(lines, envelope, before, toMs - fromMs);
    // One table needs no joining, and joining many points each second is dear.
    const joined = (tables.length === 1 ? tables[0] : uPlot.join(tables)) as uPlot.AlignedData;
    if (factor === 1 && offset === 0) return joined;
    const [times, ...rows] = joined;
    const scaled = rows.map((row) => Array.from(row, (v) => (v == null ? v : v * factor + offset)));
    return [times, ...scaled] as uPlot.AlignedData;
  }, [lines, before, envelope, factor, offset, toMs - fromMs]);

  // The plot outlives many renders and must speak of the newest.
  const latest = useRef({ data, props });
  latest.current = { data, props };

  function read(index: number | null) {
    const { data: shown, props: now } = latest.current;
    const time = index === null ? undefined : shown[0][index];
    if (index === null || time === undefined) return now.onRead?.(null);
    const values = shown.slice(1, count + 1).map((row) => {
      const value = valueAt(row as (number | null)[], index);
      return value === null ? null : (value - offset) / factor;
    });
    now.onRead?.({ time, values });
  }

  // Other lines, units or colours are a new plot; new data only is drawn into it below.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const size = { width: Math.max(200, element.clientWidth), height };
    const look = {
      ...size,
      unit,
      style,
      lines: count,
      envelope,
      before: before !== null,
      colour: colourOf,
      zoom,
    };
    const onBrush = props.onBrush && ((from: number, to: number) => latest.current.props.onBrush?.(from, to));
    const made = new uPlot(options({ ...look, onCursor: read, onBrush }), undefined, element);
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    resized.observe(element);
    setPlot(made);
    return () => {
      resized.disconnect();
      made.destroy();
      latest.current.props.onRead?.(null);
    };
  }, [dark, style, unit, count, envelope, before !== null, height, zoom]);

  useEffect(() => {
    plot?.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min: fromMs, max: toMs });
    });
  }, [plot, data, fromMs, toMs]);

  return (
    <div
      ref={box}
      class="chart"
      style={{ height: `${height}px` }}
      role="img"
      aria-label={t("chart_of", { label })}
    />
  );
}

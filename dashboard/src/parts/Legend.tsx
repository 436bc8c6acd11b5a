import { said } from "../i18n/words";
import type { MetricDescription } from "../api/types";
import { formatText } from "../lib/format";
import { lineColour } from "../lib/plot";
import type { Lines } from "../lib/series";
import { formatExact } from "../lib/time";
import { reader } from "../reader";
import type { Reading } from "./Chart";
import "./Legend.css";

interface Props {
  metrics: MetricDescription[];
  lines: Lines;
  cursor: Reading | null;
}

/** The lines of a chart with their latest values, or those under the pointer. */
export function Legend({ metrics, lines, cursor }: Props) {
  const time = cursor?.time ?? lines.times.at(-1);
  return (
    <ul class="legend">
      {metrics.map((metric, index) => {
        const value = cursor ? cursor.values[index] : lines.mean[index]?.at(-1);
        return (
          <li key={metric.name} style={{ "--colour": `var(${lineColour(index)})` }}>
            {said(metric.label)} <b>{formatText(value, metric.unit, reader.style.value)}</b>
          </li>
        );
      })}
      <li class="time soft">{time !== undefined && formatExact(time, reader.locale.value)}</li>
    </ul>
  );
}

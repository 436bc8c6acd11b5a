import type { Unit } from "../api/types";
import { t } from "../i18n/words";
import type { Compared } from "../lib/compare";
import { nameOf } from "../lib/labels";
import { formatChange, formatText } from "../lib/format";
import { lineColour, lineDash } from "../lib/plot";
import { deviceHref } from "../lib/route";
import { formatExact, formatMoment } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";
import type { Reading } from "./Chart";
import "./CompareTable.css";

interface Props {
  rows: readonly Compared[];
  unit: Unit;
  cursor: Reading | null;
}

export function CompareTable({ rows, unit, cursor }: Props) {
  const style = reader.style.value;
  const text = (value: number | null | undefined) => formatText(value, unit, style);
  const at = (timeMs: number | undefined) => (timeMs === undefined ? "" : formatExact(timeMs, style.locale));
  const heads = [
    cursor ? formatMoment(cursor.time, style.locale) : t("at_cursor"),
    t("mean"),
    t("lowest"),
    t("highest"),
    t("change"),
  ];
  return (
    // It scrolls on a phone, so the keyboard must reach it.
    <div class="compare-table" tabindex={0} role="region" aria-label={t("readings")}>
      <table class="table" data-testid="compared">
        <thead>
          <tr>
            <th scope="col">{t("device")}</th>
            {heads.map((head, index) => (
              <th key={index} scope="col" class={index === 0 ? "number at" : "number"}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ device, stats }, index) => (
            <tr key={device} data-device={device}>
              <th scope="row">
                <svg viewBox="0 0 24 4" width="24" height="4" aria-hidden="true">
                  <line
                    x2="24"
                    y1="2"
                    y2="2"
                    stroke={`var(${lineColour(index)})`}
                    stroke-dasharray={lineDash(index).join(" ")}
                  />
                </svg>
                <Name id={device} />
              </th>
              <td class="number">{text(cursor?.values[index])}</td>
              <td class="number">{text(stats?.mean)}</td>
              <td class="number" title={at(stats?.minAt)}>
                {text(stats?.min)}
              </td>
              <td class="number" title={at(stats?.maxAt)}>
                {text(stats?.max)}
              </td>
              <td class="number">{formatChange(stats?.change, unit, style)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a device is called, and its id where that is something else. */
function Name({ id }: { id: string }) {
  const view = live.device(id);
  return (
    <span class="name">
      <a href={deviceHref(id)}>{view ? nameOf(view) : id}</a>
      {view?.labels.name != null && <small class="soft">{id}</small>}
    </span>
  );
}

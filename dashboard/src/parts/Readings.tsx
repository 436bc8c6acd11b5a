import type { DeviceView, MetricDescription } from "../api/types";
import { said, t } from "../i18n/words";
import { faultName } from "../lib/faults";
import { figureOf } from "../lib/figure";
import { formatRow } from "../lib/format";
import { reader } from "../reader";
import "./Readings.css";

interface Props {
  view: DeviceView;
  metrics: MetricDescription[];
  windowText: string;
  old: boolean;
}

export function Readings({ view, metrics, windowText, old }: Props) {
  return (
    <section class="card readings" aria-labelledby="readings">
      <h2 id="readings">
        {t("readings")} {old && <span class="soft">({t("old")})</span>}
      </h2>
      <table class={old ? "table old" : "table"} data-testid="readings">
        <thead>
          <tr>
            <th scope="col">{t("metric")}</th>
            <th scope="col" class="number">
              {t("now")}
            </th>
            <th scope="col" class="number">
              {windowText}
            </th>
            <th scope="col" class="unit">
              {t("unit")}
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <Row key={metric.name} view={view} metric={metric} />
          ))}
          {metrics.length === 0 && (
            <tr>
              <td colSpan={4} class="soft">
                {t("no_figures")}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

function Row({ view, metric }: { view: DeviceView; metric: MetricDescription }) {
  const now = figureOf(view, metric, "now");
  const values = [now, figureOf(view, metric, "mean")].map((f) => (f.kind === "value" ? f.value : undefined));
  const { texts, unit } = formatRow(values, metric.unit, reader.style.value);
  return (
    <tr data-metric={metric.name}>
      <th scope="row">
        {said(metric.label)}
        {metric.label !== metric.name && <code>{metric.name}</code>}
      </th>
      {now.kind === "fault" ? (
        <td colSpan={2} class="number fault">
          {t(`fault.${faultName(now.fault)}`)}
        </td>
      ) : (
        texts.map((text, index) => (
          <td key={index} class="number">
            {text}
          </td>
        ))
      )}
      <td class="unit soft">{unit}</td>
    </tr>
  );
}

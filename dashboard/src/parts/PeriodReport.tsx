import { fetchReport, type Span } from "../api/client";
import type { MetricDescription, Report } from "../api/types";
import { useAnswer } from "../asked";
import { hub } from "../hub";
import { said, t } from "../i18n/words";
import { bandsOf } from "../lib/bands";
import { formatChange, formatText } from "../lib/format";
import { formatMoment } from "../lib/time";
import { reader } from "../reader";
import "./PeriodReport.css";

interface Props {
  id: string;
  metrics: MetricDescription[];
  span: Span;
}

/** More rows say nothing more, and each is a question to the hub. */
const MOST = 9;

/** What can be said of the time shown: means against the time before, extremes, and time in bands. */
export function PeriodReport({ id, metrics, span }: Props) {
  const { raised, high } = hub.bands.value;
  const names = metrics.slice(0, MOST).map(({ name }) => name);
  // Only the sums are wanted here, so one point will do.
  const question = { id, names, span: { ...span, maxPoints: 1 }, bands: `${raised},${high}` };
  const { answer } = useAnswer(question, (asked) =>
    Promise.all(asked.names.map((name) => fetchReport(asked.id, name, asked.span, asked.bands))),
  );
  const rows = metrics.flatMap((metric) => {
    const report = answer?.find((one) => one.metric === metric.name);
    return report ? [{ metric, report }] : [];
  });
  if (rows.length === 0) return null;
  const heads = [t("mean"), t("against_before"), t("lowest"), t("highest")];
  return (
    <div class="period-report" tabindex={0} role="region" aria-label={t("of_this_time")} data-testid="report">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t("of_this_time")}</th>
            {heads.map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
            {metrics[0]?.unit === "percent" && <th scope="col">{t("time_in_bands")}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ metric, report }) => (
            <Row key={metric.name} metric={metric} report={report} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ metric, report }: { metric: MetricDescription; report: Report }) {
  const style = reader.style.value;
  const peak = (at: Report["lowest"]) => (
    <td class="number" title={at ? formatMoment(at.time_ms, style.locale) : ""}>
      {formatText(at?.value, metric.unit, style)}
    </td>
  );
  return (
    <tr data-metric={metric.name}>
      <th scope="row">{said(metric.label)}</th>
      <td class="number">{formatText(report.range.mean, metric.unit, style)}</td>
      <td class="number">{formatChange(report.mean_change, metric.unit, style)}</td>
      {peak(report.lowest)}
      {peak(report.highest)}
      {metric.unit === "percent" && (
        <td>
          <Bands report={report} />
        </td>
      )}
    </tr>
  );
}

/** How much of the known time was normal, raised or high. */
function Bands({ report }: { report: Report }) {
  const bands = bandsOf(hub.bands.value).flatMap((band, index) => {
    const share = report.bands[index]?.share;
    return share == null ? [] : [{ ...band, share }];
  });
  return (
    <span class="bands">
      <span class="bar" aria-hidden="true">
        {bands.map(({ name, share }) => (
          <span key={name} class={name} style={{ flexGrow: share }} />
        ))}
      </span>
      {bands.map(({ name, shape, share }) => (
        <span key={name} class={`${name} figure`} title={t(`band.${name}`)}>
          <i aria-hidden="true">{shape}</i> <span class="hidden">{t(`band.${name}`)}</span>
          {formatText(share * 100, "percent", reader.style.value)}
        </span>
      ))}
    </span>
  );
}

import type { History, MetricDescription } from "../api/types";
import { t } from "../i18n/words";
import { type BandName, bandShares, bandsOf } from "../lib/bands";
import { formatText } from "../lib/format";
import { pointsOf } from "../lib/series";
import { reader } from "../reader";
import "./BandTimes.css";

/** More bars say nothing more. */
const MOST = 9;

/** How much of the time shown a share was normal, raised or high. */
export function BandTimes({ metrics, history }: { metrics: MetricDescription[]; history: History }) {
  const settings = reader.settings.value;
  const rows = metrics.slice(0, MOST).flatMap((metric) => {
    const means = pointsOf(history, metric.name).map(({ mean }) => mean);
    const shares = bandShares(means, settings);
    return shares ? [{ metric, shares }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <div class="band-times" data-testid="band-times">
      <h3>
        {t("time_in_bands")} <span class="soft">{t("of_known_minutes")}</span>
      </h3>
      <ul>
        {rows.map(({ metric, shares }) => (
          <Row key={metric.name} label={metric.label} shares={shares} />
        ))}
      </ul>
    </div>
  );
}

function Row({ label, shares }: { label: string; shares: Record<BandName, number> }) {
  const bands = bandsOf(reader.settings.value);
  return (
    <li>
      <span class="label">{label}</span>
      <span class="bar" aria-hidden="true">
        {bands.map(({ name }) => (
          <span key={name} class={name} style={{ flexGrow: shares[name] }} />
        ))}
      </span>
      <span class="figures">
        {bands.map(({ name, shape }) => (
          <span key={name} class={`${name} figure`} title={t(`band.${name}`)}>
            <i aria-hidden="true">{shape}</i> <span class="hidden">{t(`band.${name}`)}</span>
            {formatText(shares[name], "percent", reader.style.value)}
          </span>
        ))}
      </span>
    </li>
  );
}

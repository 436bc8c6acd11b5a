import type { History, MetricDescription } from "../api/types";
import { useHistory } from "../asked";
import { t } from "../i18n/words";
import { stretches } from "../lib/flags";
import { formatDuration } from "../lib/format";
import { type Condition, CONDITIONS } from "../lib/power";
import { pointsOf } from "../lib/series";
import { DAY, formatMoment } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";
import "./PowerTimeline.css";

/** A point for each of the day; a flag of a longer step would not say when. */
const MINUTES = DAY / 60_000;

const flagOf = (condition: Condition) => `power_${condition}_flag`;

/** The power flags of the last 24 hours: set, not set, not known. */
export function PowerTimeline({ id, metrics }: { id: string; metrics: MetricDescription[] }) {
  const toMs = live.minute.value;
  const fromMs = toMs - DAY;
  const shown = CONDITIONS.filter((condition) => metrics.some(({ name }) => name === flagOf(condition)));
  const { answer } = useHistory({ device: id, metrics: shown.map(flagOf), fromMs, toMs, maxPoints: MINUTES });
  if (shown.length === 0) return null;
  return (
    <section class="card power-timeline" aria-labelledby="power" data-testid="power-timeline">
      <h2 id="power">{t("power_24h")}</h2>
      {shown.map((condition) => (
        <Row key={condition} condition={condition} history={answer} fromMs={fromMs} />
      ))}
      <p class="soft">{t("power_legend")}</p>
    </section>
  );
}

interface RowProps {
  condition: Condition;
  history: History | null;
  fromMs: number;
}

function Row({ condition, history, fromMs }: RowProps) {
  const locale = reader.locale.value;
  const spans = stretches(pointsOf(history, flagOf(condition)), history?.step_ms ?? undefined);
  const setMs = spans.reduce((sum, span) => sum + (span.set ? span.toMs - span.fromMs : 0), 0);
  const x = (ms: number) => (Math.max(0, ms - fromMs) / DAY) * 100;
  return (
    <div class="row">
      <span>{t(`condition.${condition}`)}</span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        {spans.map((span) => (
          <rect
            key={span.fromMs}
            class={span.set ? "set" : ""}
            x={x(span.fromMs)}
            y={span.set ? 0 : 3.5}
            width={Math.max(0.15, x(span.toMs) - x(span.fromMs))}
            height={span.set ? 10 : 3}
          >
            <title>{`${formatMoment(span.fromMs, locale)} – ${formatMoment(span.toMs, locale)}`}</title>
          </rect>
        ))}
      </svg>
      <span class={setMs > 0 ? "bad" : "soft"}>
        {spans.length === 0
          ? t("not_known")
          : setMs > 0
            ? t("was_set", { time: formatDuration(setMs / 1000, locale) })
            : t("none")}
      </span>
    </div>
  );
}

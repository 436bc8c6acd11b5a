import type { DeviceView, History, MetricDescription } from "../api/types";
import { useHistory } from "../asked";
import { said, t } from "../i18n/words";
import { figureOf } from "../lib/figure";
import { weatherMetrics } from "../lib/metrics";
import { weatherHref } from "../lib/route";
import { pointsOf } from "../lib/series";
import { trendOf } from "../lib/trend";
import { live } from "../live";
import { FigureText } from "./FigureText";
import { TrendText } from "./TrendText";
import "./Weather.css";

interface Props {
  view: DeviceView;
  metrics: MetricDescription[];
  old: boolean;
}

const TREND_MS = 3 * 3_600_000;
/** A little more is read, so that a trend has its beginning. */
const READ_MS = TREND_MS + 600_000;
/** Every minute of it. */
const MOST_POINTS = 200;

/** The weather of a device's sensors, and where each figure goes. */
export function Weather({ view, metrics, old }: Props) {
  const minute = live.minute.value;
  const shown = weatherMetrics(metrics).map(({ metric }) => metric);
  const { answer } = useHistory({
    device: view.id,
    metrics: shown.map(({ name }) => name),
    fromMs: minute - READ_MS,
    toMs: minute,
    maxPoints: MOST_POINTS,
  });
  if (shown.length === 0) return null;
  return (
    <section class="weather" aria-labelledby="weather">
      <h2 id="weather">
        {t("weather")} <a href={weatherHref(view.id)}>{t("weather_page")}</a>
      </h2>
      <div class="cards">
        {shown.map((metric) => (
          <WeatherCard key={metric.name} view={view} metric={metric} old={old} past={answer} />
        ))}
      </div>
    </section>
  );
}

interface CardProps {
  view: DeviceView;
  metric: MetricDescription;
  old: boolean;
  past: History | null;
}

function WeatherCard({ view, metric, old, past }: CardProps) {
  const now = figureOf(view, metric, "now");
  const fault = now.kind === "fault" && !old;
  return (
    <div class={fault ? "card fault" : "card"} data-testid="weather" data-metric={metric.name}>
      <h3>{said(metric.label)}</h3>
      <p class="value">
        <FigureText figure={now} unit={metric.unit} old={old} />
      </p>
      <p class="soft">
        {now.kind === "fault"
          ? t("sensor_in_fault", { sensor: now.sensor })
          : !old && (
              <TrendText
                trend={trendOf(pointsOf(past, metric.name), metric.unit, live.minute.value, TREND_MS)}
                unit={metric.unit}
              />
            )}
      </p>
    </div>
  );
}

import { useMemo } from "preact/hooks";
import type { DeviceView, History, MetricDescription } from "../api/types";
import { useHistory } from "../asked";
import { said, t } from "../i18n/words";
import { figureOf } from "../lib/figure";
import { formatText } from "../lib/format";
import type { WeatherKind } from "../lib/metrics";
import { linesOf, pointsOf } from "../lib/series";
import { DAY, startOfDay } from "../lib/time";
import { trendOf } from "../lib/trend";
import { extremesSince, type Station as Shown } from "../lib/weather";
import { live } from "../live";
import { useMedia } from "../media";
import { reader } from "../reader";
import { Chart } from "./Chart";
import { FigureText } from "./FigureText";
import "./Station.css";
import { TrendText } from "./TrendText";

const KINDS: WeatherKind[] = ["temperature", "humidity", "pressure"];
const TREND_MS = 3 * 3_600_000;
/** Of which extremes and trend are still true to five minutes. */
const MOST_POINTS = 300;

/** A window as large as a wall screen; Station.css knows the same. */
const WALL = "(min-width: 100rem) and (min-height: 50rem)";

interface Props {
  view: DeviceView;
  station: Shown;
  old: boolean;
  named: boolean;
}

/** One weather sensor: now, today's extremes, where it goes, and the last 24 hours. */
export function Station({ view, station, old, named }: Props) {
  const toMs = live.minute.value;
  const shown = KINDS.flatMap((kind) => station.metrics[kind] ?? []);
  const metrics = shown.map(({ name }) => name);
  const { answer } = useHistory({
    device: view.id,
    metrics,
    fromMs: toMs - DAY,
    toMs,
    maxPoints: MOST_POINTS,
  });
  return (
    <section class="station" aria-label={station.sensor} data-testid="station">
      <h2 class={named ? "" : "hidden"}>{station.sensor}</h2>
      <div class="grid">
        {shown.map((metric, index) => (
          <Figure key={metric.name} view={view} metric={metric} old={old} past={answer} main={index === 0} />
        ))}
      </div>
    </section>
  );
}

interface FigureProps {
  view: DeviceView;
  metric: MetricDescription;
  old: boolean;
  past: History | null;
  main: boolean;
}

function Figure({ view, metric, old, past, main }: FigureProps) {
  const { name, unit, label } = metric;
  const toMs = live.minute.value;
  const fromMs = toMs - DAY;
  const wall = useMedia(WALL);
  const now = figureOf(view, metric, "now");
  const value = now.kind === "value" && !old ? now.value : null;
  const points = pointsOf(past, name);
  const extremes = extremesSince(points, startOfDay(toMs), value);
  const lines = useMemo(() => linesOf({ metrics: [name], history: past, fromMs }), [past, name, fromMs]);
  const text = (extreme: number | undefined) => formatText(extreme, unit, reader.style.value);
  return (
    <div class={main ? "card main" : "card"}>
      <div>
        <h3>{said(label)}</h3>
        <p class="value" data-testid="weather-now">
          <FigureText figure={now} unit={unit} old={old} />
        </p>
        <p class="soft">
          {value !== null && <TrendText trend={trendOf(points, unit, toMs, TREND_MS)} unit={unit} />}
        </p>
        <p>
          <span class="soft">{t("today")}</span>
          <span>
            <i aria-hidden="true">↓</i> <span class="hidden">{t("lowest")}</span> {text(extremes?.min)}
          </span>
          <span>
            <i aria-hidden="true">↑</i> <span class="hidden">{t("highest")}</span> {text(extremes?.max)}
          </span>
        </p>
      </div>
      <Chart
        lines={lines}
        envelope
        unit={unit}
        fromMs={fromMs}
        toMs={toMs}
        label={said(label)}
        height={Math.round(wall ? innerHeight * (main ? 0.36 : 0.2) : main ? 240 : 150)}
        zoom={wall ? 1.75 : 1}
      />
    </div>
  );
}

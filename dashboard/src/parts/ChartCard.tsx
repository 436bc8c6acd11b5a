import { useMemo, useState } from "preact/hooks";
import type { MetricDescription } from "../api/types";
import { useHistory } from "../asked";
import { said, t } from "../i18n/words";
import { groupMetrics } from "../lib/metrics";
import { boundsOf, type Range, SPANS } from "../lib/range";
import { linesOf, type LivePoint } from "../lib/series";
import { formatMoment } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";
import { Chart, type Reading } from "./Chart";
import "./ChartCard.css";
import { ChartFoot } from "./ChartFoot";
import { Legend } from "./Legend";
import { PeriodReport } from "./PeriodReport";
import { RangePicker } from "./RangePicker";
import { Select } from "./Select";

interface Props {
  id: string;
  metrics: MetricDescription[];
  points: LivePoint[];
  intervalMs: number;
}

const HOUR = SPANS[0].ms;
const LAST_HOUR: Range = { kind: "last", spanMs: HOUR };
/** More points than this no screen shows. */
const MOST_POINTS = 1500;
/** The envelopes of more lines cover each other. */
const MOST_ENVELOPES = 3;

export function ChartCard({ id, metrics, points, intervalMs }: Props) {
  const [chosen, setChosen] = useState("");
  const [range, setRange] = useState(LAST_HOUR);
  const [withBefore, setWithBefore] = useState(false);
  const [cursor, setCursor] = useState<Reading | null>(null);

  const groups = groupMetrics(metrics, said);
  const group = groups.find(({ key }) => key === chosen) ?? groups[0];
  const names = (group?.metrics ?? []).map((metric) => metric.name);
  // The last hour moves with each reading, longer times once a minute.
  const isLive = range.kind === "last" && range.spanMs <= HOUR;
  const [fromMs, toMs] = boundsOf(range, isLive ? live.now.value : live.minute.value);
  const spanMs = toMs - fromMs;

  const [readFrom, readTo] = boundsOf(range, live.minute.value);
  const span = { fromMs: readFrom, toMs: readTo, maxPoints: MOST_POINTS };
  const stored = useHistory({ ...span, device: id, metrics: names });
  const earlier = useHistory(
    withBefore ? { ...span, device: id, metrics: names, fromMs: readFrom - spanMs, toMs: readFrom } : null,
  );

  const timedByHub = stored.answer?.series.some(({ points }) => points.some((point) => point.timed_by_hub));
  const drawn = names.join(" ");
  const lines = useMemo(
    () => linesOf({ metrics: names, history: stored.answer, live: isLive ? points : [], fromMs, intervalMs }),
    [drawn, stored.answer, isLive && points, fromMs, intervalMs],
  );
  const before = useMemo(
    () =>
      earlier.answer && linesOf({ metrics: names, history: earlier.answer, fromMs: earlier.answer.from_ms }),
    [drawn, earlier.answer],
  );

  return (
    <section
      class="card chart-card"
      aria-labelledby="chart"
      data-testid="chart"
      data-range={range.kind}
      aria-busy={stored.busy}
    >
      <div class="tools">
        <h2 id="chart">{t("history")}</h2>
        <Select
          label={t("chart_shows")}
          of={groups.map(({ key, label }) => ({ value: key, label }))}
          value={group?.key}
          onChoose={setChosen}
        />
        <RangePicker range={range} onChoose={setRange} />
      </div>
      {range.kind === "between" && (
        <p class="between">
          {formatMoment(fromMs, reader.locale.value)} – {formatMoment(toMs, reader.locale.value)}{" "}
          <button type="button" onClick={() => setRange(LAST_HOUR)} data-testid="unzoom">
            {t("back_to_now")}
          </button>
        </p>
      )}
      {group ? (
        <>
          <Chart
            lines={lines}
            before={before}
            envelope={!isLive && names.length <= MOST_ENVELOPES}
            unit={group.unit}
            fromMs={fromMs}
            toMs={toMs}
            label={group.label}
            onRead={setCursor}
            onBrush={(a, b) => setRange({ kind: "between", fromMs: Math.round(a), toMs: Math.round(b) })}
          />
          {lines.times.length === 0 && !stored.busy && !stored.trouble && (
            <p class="soft" data-testid="nothing-then">
              {t("nothing_then")}
            </p>
          )}
          <Legend metrics={group.metrics} lines={lines} cursor={cursor} />
          {timedByHub && <p class="soft">{t("timed_by_hub")}</p>}
          <PeriodReport id={id} metrics={group.metrics} span={span} />
          <ChartFoot
            asked={{ ...span, device: id, metrics: names }}
            name={`${id}-${group.key}`}
            withBefore={withBefore}
            onBefore={setWithBefore}
            troubles={[stored.trouble, earlier.trouble]}
          />
        </>
      ) : (
        <p class="soft">{t("nothing_to_draw")}</p>
      )}
    </section>
  );
}

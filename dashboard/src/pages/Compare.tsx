import { useEffect, useMemo, useState } from "preact/hooks";
import { fetchComparison } from "../api/client";
import { useAnswer } from "../asked";
import { said, t } from "../i18n/words";
import { asHistory, compared, MOST_DEVICES, sharedMetrics } from "../lib/compare";
import { boundsOf, type Range, SPANS } from "../lib/range";
import { pageHref, type Route } from "../lib/route";
import { linesOf } from "../lib/series";
import { live } from "../live";
import { Chart, type Reading } from "../parts/Chart";
import { CompareTable } from "../parts/CompareTable";
import { DevicePicker } from "../parts/DevicePicker";
import { RangePicker } from "../parts/RangePicker";
import { Select } from "../parts/Select";
import "./Compare.css";

const MOST_POINTS = 700;

export function Compare({ route: { query } }: { route: Route }) {
  const asked = (query.get("devices") ?? "").split(",").filter(Boolean);
  const [ids, setIds] = useState(asked.slice(0, MOST_DEVICES));
  const [name, setName] = useState(query.get("metric") ?? "cpu_percent");
  const [range, setRange] = useState<Range>({ kind: "last", spanMs: SPANS[1].ms });
  const [cursor, setCursor] = useState<Reading | null>(null);

  useEffect(() => {
    history.replaceState(null, "", pageHref("compare", { metric: name, devices: ids.join(",") }));
  }, [name, ids]);

  const all = live.ids.value;
  const known = ids.filter((id) => all.includes(id));
  void live.version.value;
  const metrics = sharedMetrics(
    (ids.length > 0 ? ids : all.slice(0, 1)).flatMap((id) => live.all().get(id) ?? []),
  );
  const metric = metrics.find((one) => one.name === name) ?? metrics[0];
  const [fromMs, toMs] = boundsOf(range, live.minute.value);

  const question = { devices: known, metric: metric?.name ?? "", fromMs, toMs, maxPoints: MOST_POINTS };
  const stored = useAnswer(metric && known.length > 0 ? question : null, (asked) =>
    fetchComparison(asked.devices, asked.metric, asked).then(asHistory),
  );
  const { rows, lines } = useMemo(() => {
    const devices = (stored.answer?.series ?? []).map((series) => series.metric);
    const lines = linesOf({ metrics: devices, history: stored.answer, fromMs });
    return { rows: compared(stored.answer), lines };
  }, [stored.answer, fromMs]);

  return (
    <>
      <div class="page-head">
        <h1 tabindex={-1}>{t("compare")}</h1>
        <p class="soft">{t("compare_hint", { most: MOST_DEVICES })}</p>
      </div>
      <section
        class="card compare-page"
        aria-label={t("compare")}
        data-testid="compare"
        aria-busy={stored.busy}
      >
        <div class="tools">
          {metric && (
            <Select
              label={t("chart_shows")}
              of={metrics.map(({ name: value, label }) => ({ value, label: said(label) }))}
              value={metric.name}
              onChoose={setName}
            />
          )}
          <RangePicker range={range} onChoose={setRange} />
        </div>
        <DevicePicker ids={ids} most={MOST_DEVICES} onChoose={setIds} />
        {metric && rows.length > 0 && (
          <>
            <Chart
              lines={lines}
              unit={metric.unit}
              fromMs={fromMs}
              toMs={toMs}
              label={said(metric.label)}
              height={340}
              onRead={setCursor}
              onBrush={(a, b) => setRange({ kind: "between", fromMs: Math.round(a), toMs: Math.round(b) })}
            />
            <CompareTable rows={rows} unit={metric.unit} cursor={cursor} />
          </>
        )}
        {ids.length === 0 && <p class="soft">{t("compare_empty")}</p>}
        {stored.trouble && (
          <p class="soft" role="status">
            {t("history_missing", { why: stored.trouble })}
          </p>
        )}
      </section>
    </>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words";
import { figureOf } from "../lib/figure";
import { describe } from "../lib/metrics";
import { intervalOf, isFresh } from "../lib/presence";
import { pageHref, type Route } from "../lib/route";
import { append, type LivePoint, sampledAt } from "../lib/series";
import { live } from "../live";
import { ChartCard } from "../parts/ChartCard";
import { CpuMeters } from "../parts/CpuMeters";
import { DeviceHead } from "../parts/DeviceHead";
import { EventList } from "../parts/EventList";
import { LabelCard } from "../parts/LabelCard";
import { LedgerCard } from "../parts/LedgerCard";
import { Notices } from "../parts/Notices";
import { OtherFigures } from "../parts/OtherFigures";
import { PowerTimeline } from "../parts/PowerTimeline";
import { RawMessage } from "../parts/RawMessage";
import { Readings } from "../parts/Readings";
import { Shares } from "../parts/Shares";
import { Weather } from "../parts/Weather";
import "./Device.css";

/** The longest time for which live points are shown, and the most that are kept for it. */
const KEPT_MS = 3_600_000;
const MOST_POINTS = 3600;

export function Device({ route: { id } }: { route: Route }) {
  const points = useLivePoints(id);
  const view = live.device(id);
  if (!view) return <Unknown id={id} />;

  const metrics = describe(view);
  const old = view.state != null && (live.phase.value === "lost" || !isFresh(view, live.known.value));
  const windowText = t("mean_of", { seconds: Math.round((view.birth?.window_ms ?? 60_000) / 1000) });
  return (
    <>
      <Back />
      <DeviceHead view={view} old={old} />
      <Notices view={view} old={old} />
      <div class="device-page" data-testid="device" data-old={old}>
        <CpuMeters
          metrics={metrics}
          windowText={windowText}
          old={old}
          figure={(metric) => figureOf(view, metric, "mean")}
        />
        <Shares metrics={metrics} old={old} figure={(metric) => figureOf(view, metric, "now")} />
        <Weather view={view} metrics={metrics} old={old} />
        <ChartCard id={id} metrics={metrics} points={points} intervalMs={intervalOf(view)} />
        <PowerTimeline id={id} metrics={metrics} />
        <OtherFigures view={view} metrics={metrics} old={old} />
        <EventList id={id} changed={`${view.status_since_ms} ${Object.entries(view.state?.faults ?? {})}`} />
        <LedgerCard id={id} dropped={view.state?.dropped_count} />
        <Readings view={view} metrics={metrics} windowText={windowText} old={old} />
        <LabelCard view={view} />
        <RawMessage view={view} />
      </div>
    </>
  );
}

/** What a device said since its page was opened; behind a paused page it is collected, not shown. */
function useLivePoints(id: string): LivePoint[] {
  const collected = useRef<LivePoint[]>([]);
  const [points, setPoints] = useState<LivePoint[]>([]);
  useEffect(
    () =>
      live.onState((event) => {
        if (event.device !== id) return;
        const time_ms = sampledAt(event.state, event.received_ms);
        if (time_ms === null) return;
        collected.current = append(
          collected.current,
          { time_ms, now: event.state.now },
          KEPT_MS,
          MOST_POINTS,
        );
        if (live.pausedAt.peek() === null) setPoints(collected.current);
      }),
    [id],
  );
  return points;
}

function Back() {
  return (
    <a class="back" href={pageHref("fleet")}>
      ← {t("fleet")}
    </a>
  );
}

function Unknown({ id }: { id: string }) {
  return (
    <>
      <Back />
      <h1 tabindex={-1}>{id}</h1>
      {live.loaded.value ? (
        <p>
          {t("no_such_device")} <a href={pageHref("fleet")}>{t("to_fleet")}</a>
        </p>
      ) : (
        <p class="soft">{t("reading")}</p>
      )}
    </>
  );
}

import { fetchEvents } from "../api/client";
import type { EventKind, EventView } from "../api/types";
import { useAnswer } from "../asked";
import { t } from "../i18n/words";
import { live } from "../live";
import { Ago } from "./Ago";
import "./EventList.css";

/** What can be read at a glance; the rest is in the API. */
const MOST = 12;

const SHAPES: Record<EventKind, string> = {
  online: "●",
  offline: "○",
  reboot: "↻",
  fault: "▲",
  recovered: "✓",
  command: "›",
};

/** What happened to a device, newest first. */
export function EventList({ id, changed }: { id: string; changed: string }) {
  const { answer, trouble } = useAnswer({ id, minute: live.minute.value, changed }, (asked) =>
    fetchEvents(asked.id, MOST),
  );
  return (
    <section class="card event-list" aria-labelledby="events" data-testid="events">
      <h2 id="events">{t("events")}</h2>
      {answer?.events.length === 0 && <p class="soft">{t("no_events")}</p>}
      <ol>
        {answer?.events.map((event) => (
          <Line key={event.id} event={event} />
        ))}
      </ol>
      {trouble && (
        <p class="soft" role="status">
          {t("request_failed")} {trouble}
        </p>
      )}
    </section>
  );
}

function Line({ event: { kind, subject, detail, late, time_ms } }: { event: EventView }) {
  return (
    <li class={kind}>
      <span class="what">
        <i aria-hidden="true">{SHAPES[kind]}</i> {t(`event.${kind}`)}
      </span>
      <span>{[subject, detail].filter(Boolean).join(": ")}</span>
      <span class="soft" title={late ? t("event_late") : ""}>
        {late && "≤ "}
        <Ago timeMs={time_ms} />
      </span>
    </li>
  );
}

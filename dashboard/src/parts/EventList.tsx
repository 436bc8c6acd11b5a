import { useState } from "preact/hooks";
import { fetchEvents } from "../api/client";
import type { EventKind, EventsView, EventView } from "../api/types";
import { told, useAnswer } from "../asked";
import { said, t } from "../i18n/words";
import { continued, refreshed } from "../lib/happened";
import { live } from "../live";
import { Ago } from "./Ago";
import "./EventList.css";
import { Select } from "./Select";

/** What can be read at a glance, and what comes with each step back. */
const FIRST = 12;
const MORE = 50;

const SHAPES: Record<EventKind, string> = {
  online: "●",
  offline: "○",
  reboot: "↻",
  fault: "▲",
  recovered: "✓",
  command: "›",
};
const KINDS = Object.keys(SHAPES) as EventKind[];

/** What happened to a device, newest first. */
export function EventList({ id, changed }: { id: string; changed: string }) {
  const [kind, setKind] = useState<EventKind | "">("");
  return (
    <section class="card event-list" aria-labelledby="events" data-testid="events">
      <div class="tools">
        <h2 id="events">{t("events")}</h2>
        <Select
          label={t("event_kind")}
          of={[
            { value: "", label: t("event_any") },
            ...KINDS.map((value) => ({ value, label: t(`event.${value}`) })),
          ]}
          value={kind}
          onChoose={setKind}
        />
      </div>
      <Pages key={kind} id={id} kind={kind} changed={changed} />
    </section>
  );
}

function Pages({ id, kind, changed }: { id: string; kind: EventKind | ""; changed: string }) {
  const [shown, setShown] = useState<EventsView | null>(null);
  const [failed, setFailed] = useState("");
  const { answer, trouble } = useAnswer({ id, minute: live.minute.value, changed }, async (asked) => {
    const newest = await fetchEvents(asked.id, FIRST, kind);
    setShown((before) => refreshed(before, newest));
    return true;
  });

  async function older(from: EventsView) {
    try {
      const page = await fetchEvents(id, MORE, kind, from.next_cursor ?? "");
      // Unless the list began anew meanwhile.
      setShown((now) => (now?.next_cursor === from.next_cursor ? continued(now, page) : now));
      setFailed("");
    } catch (error) {
      setFailed(told(error));
    }
  }

  const wrong = trouble || failed;
  return (
    <>
      {answer && shown?.events.length === 0 && <p class="soft">{t("no_events")}</p>}
      <ol>
        {shown?.events.map((event) => (
          <Line key={event.id} event={event} />
        ))}
      </ol>
      {shown?.next_cursor && (
        <button type="button" data-testid="older" onClick={() => void older(shown)}>
          {t("older")}
        </button>
      )}
      {wrong && (
        <p class="soft" role="status">
          {t("request_failed")} {wrong}
        </p>
      )}
    </>
  );
}

function Line({ event: { kind, subject, detail, outcome, late, time_ms } }: { event: EventView }) {
  // What became of a command is known by its name; why, the agent says in its words after it.
  const told = outcome ? [t(`outcome.${outcome}`), said(detail.slice(outcome.length + 2))] : [said(detail)];
  return (
    <li class={kind}>
      <span class="what">
        <i aria-hidden="true">{SHAPES[kind]}</i> {t(`event.${kind}`)}
      </span>
      <span>{[subject, ...told].filter(Boolean).join(": ")}</span>
      <span class="soft" title={late ? t("event_late") : ""}>
        {late && "≤ "}
        <Ago timeMs={time_ms} />
      </span>
    </li>
  );
}

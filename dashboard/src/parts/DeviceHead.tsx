import type { DeviceView } from "../api/types";
import { t } from "../i18n/words";
import { formatDuration } from "../lib/format";
import { nameOf } from "../lib/labels";
import { powerOf } from "../lib/power";
import { presenceOf } from "../lib/presence";
import { live } from "../live";
import { reader } from "../reader";
import { Ago } from "./Ago";
import "./DeviceHead.css";
import { PresenceTag } from "./PresenceTag";
import { Tags } from "./Tags";

export function DeviceHead({ view, old }: { view: DeviceView; old: boolean }) {
  const { birth, state } = view;
  const uptime = old ? undefined : state?.now.uptime_seconds;
  const power = old ? null : powerOf(view);
  return (
    <div class="device-head">
      <h1 tabindex={-1}>{nameOf(view)}</h1>
      <p class="facts">
        <PresenceTag presence={presenceOf(view, live.known.value)} />
        <span class="soft">
          {t("last_heard")} <Ago timeMs={view.last_heard_ms} />
        </span>
        {uptime !== undefined && (
          <span class="soft">{t("up_for", { time: formatDuration(uptime, reader.locale.value) })}</span>
        )}
        {power && (
          <span class={power.verdict} data-testid="power">
            <i aria-hidden="true">↯</i> {t(`power.${power.verdict}`)}
          </span>
        )}
        {state && (
          <span
            class={state.clock === "synchronized" ? "soft" : "was"}
            title={t(`clock.${state.clock}.help`)}
            data-testid="clock"
          >
            {state.clock !== "synchronized" && <i aria-hidden="true">▲ </i>}
            {t(`clock.${state.clock}`)}
          </span>
        )}
      </p>
      <p class="soft">
        {birth
          ? [
              view.labels.name !== null && view.id,
              view.labels.group,
              birth.hostname !== view.id && birth.hostname,
              birth.model,
              birth.os,
              birth.arch,
              t("agent_version", { version: birth.agent_version }),
            ]
              .filter(Boolean)
              .join(" · ")
          : t("not_introduced")}
      </p>
      <Tags tags={view.labels.tags} />
    </div>
  );
}

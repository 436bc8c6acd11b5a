import type { ComponentChildren } from "preact";
import type { DeviceView } from "../api/types";
import { t } from "../i18n/words";
import { faultList } from "../lib/faults";
import { powerOf } from "../lib/power";
import { presenceOf } from "../lib/presence";
import { formatAge, formatSince } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";
import "./Notices.css";

/** What one must know before reading the figures: offline, silent, sensors in fault, a supply that fails. */
export function Notices({ view, old }: { view: DeviceView; old: boolean }) {
  const presence = presenceOf(view, live.known.value);
  const faults = old ? [] : faultList(view.state?.faults);
  const power = old ? null : powerOf(view);
  // Without the ages, which would be read out again and again.
  const spoken = [
    presence !== "online" && t(`presence.${presence}`),
    ...faults.map(([sensor, fault]) => `${sensor}: ${t(`fault.${fault}`)}`),
  ].filter(Boolean);
  return (
    <div class="notices">
      <p class="hidden" role="status">
        {spoken.join(", ")}
      </p>
      <PresenceNotice view={view} presence={presence} old={old} />
      {power?.verdict === "now" && (
        <Notice
          kind="bad"
          testid="power-notice"
          title={`${power.now.map((one) => t(`condition.${one}`)).join(", ")}.`}
        >
          {t(power.now.includes("undervoltage") ? "undervoltage_help" : "throttled_help")}
        </Notice>
      )}
      {faults.map(([sensor, fault]) => (
        <Notice
          key={sensor}
          kind="bad"
          testid="fault-notice"
          title={t("sensor_fault", { sensor, fault: t(`fault.${fault}`) })}
        >
          {t(`fault.${fault}.help`)}
        </Notice>
      ))}
    </div>
  );
}

interface PresenceProps {
  view: DeviceView;
  presence: ReturnType<typeof presenceOf>;
  old: boolean;
}

function PresenceNotice({ view, presence, old }: PresenceProps) {
  if (presence === "online" && !old) return null;
  const locale = reader.locale.value;
  const { state, state_received_ms: received, status_since_ms: sinceMs } = view;
  // A state that a broker had kept may come without a time that can be believed.
  const age =
    state == null
      ? t("no_figures")
      : received == null
        ? t("age_unknown")
        : t("figures_old", { age: formatAge(live.now.value - received, locale) });
  if (presence === "offline") {
    const title =
      sinceMs == null
        ? `${t("presence.offline")}.`
        : t("offline_since", { since: formatSince(sinceMs, live.now.value, locale) });
    return (
      <Notice kind="bad" testid="offline" title={title}>
        {age}
      </Notice>
    );
  }
  if (presence === "online") {
    return (
      <Notice kind="odd" testid="old" title={t("not_live")}>
        {age}
      </Notice>
    );
  }
  return (
    <Notice kind="odd" testid={presence} title={`${t(`presence.${presence}`)}.`}>
      {t(`${presence}_help`)} {age}
    </Notice>
  );
}

interface NoticeProps {
  kind: "bad" | "odd";
  testid: string;
  title: string;
  children: ComponentChildren;
}

function Notice({ kind, testid, title, children }: NoticeProps) {
  return (
    <p class={`notice ${kind}`} data-testid={testid}>
      <strong>{title}</strong> {children}
    </p>
  );
}

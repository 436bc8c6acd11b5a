import { useEffect, useState } from "preact/hooks";
import { told } from "../asked";
import { hub } from "../hub";
import { t } from "../i18n/words";
import { type Kept, losses, readDays } from "../lib/retention";
import { live } from "../live";
import { Confirm } from "./Confirm";
import "./BandFields.css";

const KINDS = ["minutes", "hours"] as const;

/** How long the hub keeps history, to be changed where its configuration leaves it open. */
export function Retention() {
  const settings = hub.settings.value;
  const [typed, setTyped] = useState<Partial<Record<Kept, string>>>({});
  const [said, setSaid] = useState("");
  const [asking, setAsking] = useState(false);
  useEffect(() => void hub.read().catch((error: unknown) => setSaid(told(error))), []);

  const text = (kind: Kept) => typed[kind] ?? String(settings?.[kind].days ?? "");
  const [minutes, hours] = KINDS.map((kind) => readDays(text(kind)));
  const wanted = minutes == null || hours == null ? null : { minutes, hours };
  const lost = settings && wanted ? losses(settings, wanted, live.clock()) : [];

  async function save() {
    setAsking(false);
    const days = (kind: Kept) =>
      settings?.[kind].source === "config" || typed[kind] === undefined ? undefined : wanted?.[kind];
    try {
      await hub.change({
        minutes_days: days("minutes"),
        hours_days: days("hours"),
        delete_history: lost.length > 0,
      });
      setTyped({});
      setSaid(t("saved"));
    } catch (error) {
      setSaid(told(error));
    }
  }

  function submit(event: Event) {
    event.preventDefault();
    if (wanted === null) setSaid(t("retention_wrong"));
    else if (lost.length > 0) setAsking(true);
    else void save();
  }

  return (
    <section class="card band-fields" aria-labelledby="retention" data-testid="retention">
      <h2 id="retention">{t("retention")}</h2>
      <p class="soft">{t("retention_help")}</p>
      {settings && (
        <form onSubmit={submit}>
          {KINDS.map((kind) => (
            <label key={kind}>
              <span>
                {t(`retention.${kind}`)}
                {settings[kind].source === "config" && <em class="soft"> {t("retention_config")}</em>}
              </span>
              <input
                inputMode="numeric"
                aria-invalid={readDays(text(kind)) === null}
                disabled={settings[kind].source === "config"}
                value={text(kind)}
                onInput={({ currentTarget: { value } }) => setTyped((now) => ({ ...now, [kind]: value }))}
              />
            </label>
          ))}
          <button type="submit">{t("save")}</button>
        </form>
      )}
      <p role="status">{said}</p>
      {asking && (
        <Confirm
          title={t("retention_ask")}
          action={t("delete")}
          onYes={() => void save()}
          onNo={() => setAsking(false)}
        >
          {lost.map(([kind, days]) => (
            <p key={kind}>{t(`retention_loses.${kind}`, { days })}</p>
          ))}
        </Confirm>
      )}
    </section>
  );
}

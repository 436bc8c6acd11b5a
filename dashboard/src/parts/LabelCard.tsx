import { useState } from "preact/hooks";
import { changeLabels, fetchLedger, forgetDevice } from "../api/client";
import type { DeviceView } from "../api/types";
import { told, useAnswer } from "../asked";
import { t } from "../i18n/words";
import { number } from "../lib/format";
import { nameOf, readTags } from "../lib/labels";
import { pageHref } from "../lib/route";
import { live } from "../live";
import { reader } from "../reader";
import { Confirm } from "./Confirm";
import "./LabelCard.css";

const FIELDS = ["name", "tags", "group"] as const;

/** What people say of a device, to be changed, and the way to have it forgotten. */
export function LabelCard({ view }: { view: DeviceView }) {
  const { id, labels } = view;
  const kept = { name: labels.name ?? "", tags: labels.tags.join(", "), group: labels.group ?? "" };
  // What was typed; where nothing was, the field follows the hub.
  const [typed, setTyped] = useState<Partial<typeof kept>>({});
  const [said, setSaid] = useState("");
  const [forgetting, setForgetting] = useState(false);
  const fields = { ...kept, ...typed };
  const groups = new Set([...live.all().values()].flatMap((one) => one.labels.group ?? []));

  async function save(event: Event) {
    event.preventDefault();
    const text = (of: string) => of.trim() || null;
    try {
      const { name, tags, group } = fields;
      await changeLabels(id, { name: text(name), tags: readTags(tags), group: text(group) });
      setTyped({});
      setSaid(t("saved"));
    } catch (error) {
      setSaid(told(error));
    }
  }

  async function forget() {
    setForgetting(false);
    try {
      await forgetDevice(id);
      location.hash = pageHref("fleet");
    } catch (error) {
      setSaid(told(error));
    }
  }

  return (
    <section class="card label-card" aria-labelledby="labels" data-testid="labels">
      <h2 id="labels">{t("labels")}</h2>
      <form onSubmit={save}>
        {FIELDS.map((field) => (
          <label key={field}>
            <span>{t(`labels.${field}`)}</span>
            <input
              value={fields[field]}
              list={field === "group" ? "groups" : undefined}
              maxLength={field === "tags" ? undefined : 64}
              placeholder={field === "name" ? id : ""}
              autocomplete="off"
              onInput={({ currentTarget: { value } }) => setTyped((now) => ({ ...now, [field]: value }))}
            />
          </label>
        ))}
        <datalist id="groups">
          {[...groups].sort().map((group) => (
            <option key={group} value={group} />
          ))}
        </datalist>
        <button type="submit">{t("save")}</button>
        <button
          type="button"
          class="danger"
          disabled={view.status === "online"}
          title={view.status === "online" ? t("forget_online") : ""}
          onClick={() => setForgetting(true)}
        >
          {t("forget")}
        </button>
      </form>
      <p role="status">{said}</p>
      {view.status === "online" && <p class="soft">{t("forget_online")}</p>}
      {forgetting && <Forgetting view={view} onYes={forget} onNo={() => setForgetting(false)} />}
    </section>
  );
}

function Forgetting({ view, onYes, onNo }: { view: DeviceView; onYes: () => void; onNo: () => void }) {
  const { answer } = useAnswer(view.id, fetchLedger);
  const minutes = answer ? number(answer.received_count, 0, reader.locale.value) : "…";
  return (
    <Confirm title={t("forget_ask", { name: nameOf(view) })} action={t("forget")} onYes={onYes} onNo={onNo}>
      <p>{t("forget_loses", { minutes })}</p>
    </Confirm>
  );
}

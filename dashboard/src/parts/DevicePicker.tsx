import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { lineColour } from "../lib/plot";
import { live } from "../live";
import "./DevicePicker.css";

interface Props {
  ids: readonly string[];
  most: number;
  onChoose: (ids: string[]) => void;
}

/** A longer list helps nobody; typing shortens it. */
const MOST_OFFERED = 50;

/** Some devices of the fleet, by name. */
export function DevicePicker({ ids, most, onChoose }: Props) {
  const [typed, setTyped] = useState("");
  const wanted = typed.toLowerCase();
  const offered = live.ids.value
    .filter((id) => !ids.includes(id) && id.toLowerCase().includes(wanted))
    .slice(0, MOST_OFFERED);
  const found = offered.find((id) => id === typed) ?? (offered.length === 1 ? offered[0] : undefined);

  function add(event: Event) {
    event.preventDefault();
    if (found === undefined || ids.length >= most) return;
    onChoose([...ids, found]);
    setTyped("");
  }

  return (
    <form class="device-picker" onSubmit={add}>
      {ids.map((id, index) => (
        <span key={id} class="chip" style={{ "--colour": `var(${lineColour(index)})` }}>
          {id}
          <button
            type="button"
            aria-label={t("remove", { id })}
            onClick={() => onChoose(ids.filter((one) => one !== id))}
          >
            ×
          </button>
        </span>
      ))}
      {ids.length < most && (
        <>
          <input
            list="offered"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
            aria-label={t("device")}
            placeholder={t("device_name")}
            autocomplete="off"
          />
          <datalist id="offered">
            {offered.map((id) => (
              <option key={id} value={id} />
            ))}
          </datalist>
          <button type="submit" disabled={found === undefined}>
            {t("add")}
          </button>
        </>
      )}
    </form>
  );
}

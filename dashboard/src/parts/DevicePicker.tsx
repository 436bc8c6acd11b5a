import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { nameOf } from "../lib/labels";
import { meant, offersOf } from "../lib/pick";
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

/** Some devices of the fleet, by name or id. */
export function DevicePicker({ ids, most, onChoose }: Props) {
  const [typed, setTyped] = useState("");
  // Names change with labels; that a list made once a second sees soon enough.
  void live.version.value;
  const offered = offersOf(live.ids.value, live.all(), ids, typed, MOST_OFFERED);
  const named = (id: string) => {
    const view = live.all().get(id);
    return view ? nameOf(view) : id;
  };
  const found = meant(offered, typed.trim(), named);

  function add(event: Event) {
    event.preventDefault();
    if (found === undefined || ids.length >= most) return;
    onChoose([...ids, found.id]);
    setTyped("");
  }

  return (
    <form class="device-picker" onSubmit={add}>
      {ids.map((id, index) => (
        <span key={id} class="chip" title={id} style={{ "--colour": `var(${lineColour(index)})` }}>
          {named(id)}
          <button
            type="button"
            aria-label={t("remove", { id: named(id) })}
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
            {offered.map(({ id, text }) => (
              <option key={id} value={text} />
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

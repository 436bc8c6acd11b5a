import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { DEFAULTS, soundBands } from "../lib/settings";
import { reader } from "../reader";
import "./BandFields.css";
import { Meter } from "./Meter";

const FIELDS = ["raised", "high", "mark"] as const;
const EXAMPLE = { kind: "value", value: 62 } as const;

/** Where the bands of a gauge begin, and its mark, with a gauge that shows it. */
export function BandFields() {
  const settings = reader.settings.value;
  const [typed, setTyped] = useState(FIELDS.map((field) => String(settings[field])));
  const sound = soundBands(typed.map(Number));

  function take(values: string[]) {
    setTyped(values);
    const [raised, high, mark] = values.map(Number) as [number, number, number];
    if (soundBands([raised, high, mark])) reader.change({ raised, high, mark });
  }

  return (
    <section class="card band-fields" aria-labelledby="bands" data-testid="bands">
      <h2 id="bands">{t("bands")}</h2>
      <p class="soft">{t("bands_help")}</p>
      <div class="both">
        <div>
          {FIELDS.map((field, index) => (
            <label key={field}>
              <span>{t(`bands.${field}`)}</span>
              <input
                type="number"
                inputMode="numeric"
                min="1"
                max="100"
                aria-invalid={!sound}
                value={typed[index]}
                onInput={(event) => {
                  const { value } = event.currentTarget;
                  take(typed.map((old, at) => (at === index ? value : old)));
                }}
              />
            </label>
          ))}
          <p role="status" class="bad">
            {!sound && t("bands_wrong")}
          </p>
          <button type="button" onClick={() => take(FIELDS.map((field) => String(DEFAULTS[field])))}>
            {t("reset")}
          </button>
        </div>
        <Meter label={t("example")} what={t("bands")} figure={EXAMPLE} old={false} />
      </div>
    </section>
  );
}

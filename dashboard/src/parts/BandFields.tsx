import { useState } from "preact/hooks";
import { told } from "../asked";
import { hub } from "../hub";
import { t } from "../i18n/words";
import { soundBands } from "../lib/bands";
import "./BandFields.css";
import { Meter } from "./Meter";

const FIELDS = ["raised", "high", "mark"] as const;
const EXAMPLE = { kind: "value", value: 62 } as const;

/** Where the bands of a gauge begin, and its mark, with a gauge that shows it. */
export function BandFields() {
  const bands = hub.bands.value;
  // What was typed; until something is, the fields follow the hub.
  const [typed, setTyped] = useState<string[] | null>(null);
  const [said, setSaid] = useState("");
  const texts = typed ?? FIELDS.map((field) => String(bands[field]));
  const sound = soundBands(texts.map(Number));

  function change(to: typeof bands | null) {
    hub.change({ bands: to }).then(
      () => (setTyped(null), setSaid(t("saved"))),
      (error: unknown) => setSaid(told(error)),
    );
  }

  function take() {
    const [raised, high, mark] = texts.map(Number) as [number, number, number];
    if (typed && sound) change({ raised, high, mark });
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
                value={texts[index]}
                onInput={(event) => {
                  const { value } = event.currentTarget;
                  setTyped(texts.map((old, at) => (at === index ? value : old)));
                }}
                onChange={take}
              />
            </label>
          ))}
          <p role="status" class="bad">
            {sound ? said : t("bands_wrong")}
          </p>
          <button type="button" onClick={() => change(null)}>
            {t("reset")}
          </button>
        </div>
        <Meter label={t("example")} what={t("bands")} figure={EXAMPLE} old={false} />
      </div>
    </section>
  );
}

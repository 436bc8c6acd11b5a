import type { ComponentChildren } from "preact";
import { t } from "../i18n/words";
import { LANGUAGES, LOOKS, PRESSURES, type Settings as Chosen, TEMPERATURES, THEMES } from "../lib/settings";
import { AddDevice } from "../parts/AddDevice";
import { BandFields } from "../parts/BandFields";
import { Choice } from "../parts/Choice";
import { Retention } from "../parts/Retention";
import { Select } from "../parts/Select";
import { reader } from "../reader";
import "./Settings.css";

const NAMES = { en: "English", es: "Español", pt: "Português" };

export function Settings() {
  const settings = reader.settings.value;
  const languages = LANGUAGES.map((value) => ({ value, label: NAMES[value], lang: value }));
  return (
    <>
      <div class="page-head">
        <h1 tabindex={-1}>{t("settings")}</h1>
        <p class="soft">{t("settings_hint")}</p>
      </div>
      <div class="settings-page">
        <section class="card" aria-labelledby="looks" data-testid="settings">
          <h2 id="looks">{t("display")}</h2>
          <Row label={t("theme")}>
            <Choice
              label={t("theme")}
              of={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
              value={settings.theme}
              onChoose={(theme) => reader.change({ theme })}
            />
          </Row>
          <Row label={t("language")}>
            <Select<Chosen["language"]>
              label={t("language")}
              of={[{ value: "auto", label: t("of_browser") }, ...languages]}
              value={settings.language}
              onChoose={(language) => reader.change({ language })}
              testid="language"
            />
          </Row>
          <Row label={t("temperature")}>
            <Choice
              label={t("temperature")}
              of={TEMPERATURES.map((value) => ({
                value,
                label: value === "celsius" ? "°C" : "°F",
              }))}
              value={settings.temperature}
              onChoose={(temperature) => reader.change({ temperature })}
            />
          </Row>
          <Row label={t("pressure")}>
            <Choice
              label={t("pressure")}
              of={PRESSURES.map((value) => ({
                value,
                label: value === "hectopascal" ? "hPa" : "inHg",
              }))}
              value={settings.pressure}
              onChoose={(pressure) => reader.change({ pressure })}
            />
          </Row>
          <Row label={t("fleet")}>
            <Choice
              label={t("look")}
              of={LOOKS.map((value) => ({ value, label: t(`look.${value}`) }))}
              value={settings.look}
              onChoose={(look) => reader.change({ look })}
            />
          </Row>
        </section>
        <Retention />
        <BandFields />
        <AddDevice />
      </div>
    </>
  );
}

function Row({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="row">
      <span>{label}</span>
      {children}
    </div>
  );
}

import { t } from "../i18n/words";
import { describe } from "../lib/metrics";
import { fullName, nameOf } from "../lib/labels";
import { isFresh, presenceOf } from "../lib/presence";
import { deviceHref, type Route, weatherHref } from "../lib/route";
import { stationsOf } from "../lib/weather";
import { live } from "../live";
import { Ago } from "../parts/Ago";
import { PresenceTag } from "../parts/PresenceTag";
import { Select } from "../parts/Select";
import { Station } from "../parts/Station";

/** The weather of one device, to be read from across the room. */
export function Weather({ route: { id } }: { route: Route }) {
  // Which devices have weather changes with their births; that a list made once a second sees soon enough.
  void live.version.value;
  const places = live.ids.value.flatMap((one) => {
    const known = live.all().get(one);
    return known && stationsOf(describe(known)).length > 0 ? [known] : [];
  });
  const place = id || places[0]?.id;
  const view = place === undefined ? undefined : live.device(place);
  const stations = view ? stationsOf(describe(view)) : [];
  if (!view || place === undefined || stations.length === 0) {
    return (
      <>
        <div class="page-head">
          <h1 tabindex={-1}>{t("weather")}</h1>
        </div>
        {live.loaded.value ? (
          <p data-testid="no-weather">{t("no_weather")}</p>
        ) : (
          <p class="soft">{t("reading")}</p>
        )}
      </>
    );
  }
  const old = view.state != null && (live.phase.value === "lost" || !isFresh(view, live.known.value));
  return (
    <>
      <div class="page-head" data-testid="wall">
        <h1 tabindex={-1}>
          <a href={deviceHref(place)}>{nameOf(view)}</a>
        </h1>
        <p class="soft">
          <PresenceTag presence={presenceOf(view, live.known.value)} /> <Ago timeMs={view.last_heard_ms} />
        </p>
        {places.length > 1 && (
          <Select
            label={t("device")}
            of={places.map((one) => ({ value: one.id, label: fullName(one) }))}
            value={place}
            onChoose={(chosen) => (location.hash = weatherHref(chosen))}
          />
        )}
      </div>
      {stations.map((station) => (
        <Station key={station.sensor} view={view} station={station} old={old} named={stations.length > 1} />
      ))}
    </>
  );
}

import type { DeviceView } from "../api/types";
import { t } from "../i18n/words";
import { faultList } from "../lib/faults";
import { type KeyMetrics, keyFigure } from "../lib/fleet";
import { nameOf } from "../lib/labels";
import { powerOf } from "../lib/power";
import { isFresh, presenceOf } from "../lib/presence";
import { deviceHref } from "../lib/route";
import { formatAge } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";
import { Ago } from "./Ago";
import { FigureText } from "./FigureText";
import "./FleetRow.css";
import { MiniMeter } from "./MiniMeter";
import { PresenceTag } from "./PresenceTag";

interface Props {
  id: string;
  index: number;
  card: boolean;
}

const FIGURES: (keyof KeyMetrics)[] = ["cpu", "memory", "temperature"];

/** A device in the fleet: a row of the table, or a card with the same figures. */
export function FleetRow({ id, index, card }: Props) {
  const view = live.device(id);
  if (!view) return null;
  const { name, tags } = view.labels;
  const known = live.known.value;
  const old = view.state != null && (live.phase.value === "lost" || !isFresh(view, known));
  const cell = card ? undefined : "cell";
  return (
    <div
      class={`fleet-row ${card ? "card" : "line"}`}
      role={card ? "listitem" : "row"}
      aria-rowindex={card ? undefined : index + 2}
      data-index={index}
      data-testid="device-row"
      data-device={id}
    >
      <span role={cell} class="name">
        <a href={deviceHref(id)} title={id}>
          {nameOf(view)}
        </a>
        <span class="sub">
          {name !== null && <b>{id} </b>}
          {tags.map((tag) => (
            <em key={tag}>{tag}</em>
          ))}
          {view.birth?.model ?? view.birth?.os ?? t("not_introduced")}
        </span>
      </span>
      <span role={cell} class="heard">
        <PresenceTag presence={presenceOf(view, known)} />
        <span class="sub">
          <Ago timeMs={view.last_heard_ms} />
        </span>
      </span>
      {FIGURES.map((key) => {
        const figure = keyFigure(view, key);
        return (
          <span role={cell} class="figure" key={key}>
            {card && <span class="sub">{t(key)}</span>}
            <FigureText figure={figure} unit={key === "temperature" ? "celsius" : "percent"} old={old} />
            {figure.kind === "value" && key !== "temperature" && (
              <MiniMeter percent={figure.value} bands={key === "cpu"} old={old} />
            )}
          </span>
        );
      })}
      <span role={cell} class="faults">
        <Trouble view={view} old={old} alone={card} />
      </span>
    </div>
  );
}

interface TroubleProps {
  view: DeviceView;
  old: boolean;
  /** Whether no head of a column says what this is about. */
  alone: boolean;
}

/** What is wrong with a device, or that its figures are old. */
function Trouble({ view, old, alone }: TroubleProps) {
  if (view.state == null) return <span class="soft">{t("no_figures")}</span>;
  if (old) {
    const received = view.state_received_ms;
    const age = received !== null && formatAge(live.now.value - received, reader.locale.value);
    return <span class="soft">{age ? t("figures_old", { age }) : t("age_unknown")}</span>;
  }
  const [fault, ...more] = faultList(view.state.faults);
  const power = powerOf(view)?.verdict ?? "well";
  return (
    <>
      {fault && (
        <span class="bad">
          <i aria-hidden="true">▲</i> {fault[0]}: {t(`fault.${fault[1]}`)}{" "}
          {more.length > 0 && `+${more.length}`}
        </span>
      )}
      {power !== "well" && (
        <span class={power === "now" ? "bad" : "odd"}>
          <i aria-hidden="true">↯</i> {t(`power.${power}`)}
        </span>
      )}
      {!fault && power === "well" && <span class="soft">{t(alone ? "no_faults" : "none")}</span>}
    </>
  );
}

import type { Unit } from "../api/types";
import { t } from "../i18n/words";
import { faultName } from "../lib/faults";
import type { Figure } from "../lib/figure";
import { formatValue, MISSING } from "../lib/format";
import { reader } from "../reader";
import "./FigureText.css";

interface Props {
  figure: Figure;
  unit: Unit;
  old?: boolean;
}

/** One figure in text: a value with its unit, a fault in its place, or a dash. */
export function FigureText({ figure, unit, old = false }: Props) {
  if (figure.kind === "fault") {
    return (
      <span class="figure-text fault" data-testid="fault">
        {t(`fault.${faultName(figure.fault)}`)}
      </span>
    );
  }
  const shown = formatValue(figure.kind === "value" ? figure.value : null, unit, reader.style.value);
  if (shown.text === MISSING) return <Missing />;
  return (
    <span class={old ? "figure-text old" : "figure-text"}>
      {shown.text}
      {shown.unit && <small>&nbsp;{shown.unit}</small>}
    </span>
  );
}

function Missing() {
  return (
    <span class="figure-text old">
      <span aria-hidden="true">{MISSING}</span>
      <span class="hidden">{t("no_value")}</span>
    </span>
  );
}

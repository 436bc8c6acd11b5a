import { t } from "../i18n/words";
import { onScale } from "../lib/bands";
import { faultName } from "../lib/faults";
import type { Figure } from "../lib/figure";
import { formatText } from "../lib/format";
import { reader } from "../reader";
import { FigureText } from "./FigureText";
import "./ShareBar.css";

interface Props {
  label: string;
  hint: string;
  figure: Figure;
  old: boolean;
}

/** A share of a whole as a bar on a scale of quarters. */
export function ShareBar({ label, hint, figure, old }: Props) {
  const value = figure.kind === "value" ? figure.value : null;
  const spoken =
    figure.kind === "fault"
      ? t(`fault.${faultName(figure.fault)}`)
      : value === null
        ? t("no_value")
        : formatText(value, "percent", reader.style.value);
  return (
    <div class={old ? "share-bar old" : "share-bar"} data-testid="share">
      <div class="head">
        <span>{label}</span>
        <span class="value">
          <FigureText figure={figure} unit="percent" old={old} />
        </span>
      </div>
      <div
        class="bar"
        role="meter"
        aria-label={`${label}, ${hint}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value === null ? 0 : onScale(value)}
        aria-valuetext={spoken}
      >
        {value !== null && <div style={{ transform: `scaleX(${onScale(value) / 100})` }} />}
      </div>
      <small class="soft">{hint}</small>
    </div>
  );
}

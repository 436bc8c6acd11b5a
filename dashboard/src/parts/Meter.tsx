import { hub } from "../hub";
import { t } from "../i18n/words";
import { bandOf, bandsOf, onScale } from "../lib/bands";
import { faultName } from "../lib/faults";
import type { Figure } from "../lib/figure";
import { formatValue, MISSING } from "../lib/format";
import { reader } from "../reader";
import "./Meter.css";

interface Props {
  label: string;
  /** What the figure is, for screen readers, such as `60 s mean`. */
  what: string;
  figure: Figure;
  old: boolean;
}

const HEIGHT = 160;
const TOP = 8;
/** Closer to the mark than this its figure and that of the scale would overlap. */
const CLOSE = 6;
const y = (percent: number) => TOP + HEIGHT * (1 - percent / 100);

/** A gauge as an edgewise panel meter: a column beside a scale with its bands, and a mark. */
export function Meter({ label, what, figure, old }: Props) {
  const bounds = hub.bands.value;
  const { raised, high, mark } = bounds;
  const value = figure.kind === "value" ? figure.value : null;
  const band = value === null ? null : bandOf(value, bounds);
  const { text } = formatValue(value, "percent", reader.style.value);
  const fault = figure.kind === "fault" ? t(`fault.${faultName(figure.fault)}`) : null;
  const word = band && t(`band.${band.name}`);
  const spoken = fault ?? (word ? `${text} %, ${word}${old ? `, ${t("old")}` : ""}` : t("no_value"));
  return (
    <div class={old ? "meter old" : "meter"} data-band={band?.name} data-testid="meter">
      <span class="label" aria-hidden="true">
        {label}
      </span>
      <div
        role="meter"
        aria-label={`${label}, ${what}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value === null ? 0 : onScale(value)}
        aria-valuetext={spoken}
      >
        <svg viewBox="0 0 72 176" preserveAspectRatio="xMinYMid slice" aria-hidden="true">
          <rect class="track" x="6" y={TOP} width="24" height={HEIGHT} rx="3" />
          {value !== null && (
            <rect
              class="fill"
              x="6"
              y={TOP}
              width="24"
              height={HEIGHT}
              style={{ transform: `scaleY(${onScale(value) / 100})` }}
            />
          )}
          {bandsOf(bounds).map(({ name, from, to }) => (
            <rect key={name} class={`zone ${name}`} x="33" y={y(to)} width="3.5" height={y(from) - y(to)} />
          ))}
          {[0, raised, high, 100].map((at) => (
            <g key={at}>
              <line x1="36.5" x2="42" y1={y(at)} y2={y(at)} />
              {Math.abs(at - mark) > CLOSE && (
                <text x="46" y={y(at)}>
                  {at}
                </text>
              )}
            </g>
          ))}
          <line class="mark" x1="4" x2="42" y1={y(mark)} y2={y(mark)} />
          <text class="mark" x="46" y={y(mark)}>
            {mark}
          </text>
        </svg>
      </div>
      {fault ? (
        <span class="fault">{fault}</span>
      ) : (
        <>
          <span class="value" data-testid="meter-value">
            {text}
            {value !== null && <small>&nbsp;%</small>}
          </span>
          <span class="band">
            {band ? (
              <>
                <i aria-hidden="true">{band.shape}</i> {word}
              </>
            ) : (
              MISSING
            )}
          </span>
        </>
      )}
    </div>
  );
}

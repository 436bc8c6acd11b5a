import { said } from "../i18n/words";
import type { DeviceView, MetricDescription } from "../api/types";
import { figureOf } from "../lib/figure";
import { otherGroups } from "../lib/metrics";
import { FigureText } from "./FigureText";
import { MiniMeter } from "./MiniMeter";
import "./OtherFigures.css";

interface Props {
  view: DeviceView;
  metrics: MetricDescription[];
  old: boolean;
}

/** Disks, network, system and whatever else a device measures that has no place of its own above. */
export function OtherFigures({ view, metrics, old }: Props) {
  return (
    <div class="other-figures">
      {otherGroups(metrics).map(({ sensor, metrics: those }) => (
        <section
          class="card"
          key={sensor}
          aria-label={said(sensor)}
          data-testid="figures"
          data-sensor={sensor}
        >
          <h2>{said(sensor).replaceAll("_", " ")}</h2>
          <dl>
            {those.map((metric) => {
              const figure = figureOf(view, metric, "now");
              return (
                <div key={metric.name}>
                  <dt>{said(metric.label)}</dt>
                  <dd>
                    <FigureText figure={figure} unit={metric.unit} old={old} />
                    {metric.unit === "percent" && figure.kind === "value" && (
                      <MiniMeter percent={figure.value} old={old} />
                    )}
                  </dd>
                </div>
              );
            })}
          </dl>
        </section>
      ))}
    </div>
  );
}

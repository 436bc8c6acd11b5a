import type { MetricDescription } from "../api/types";
import { hub } from "../hub";
import { t } from "../i18n/words";
import type { Figure } from "../lib/figure";
import { CPU, cpuMetrics } from "../lib/metrics";
import "./CpuMeters.css";
import { Meter } from "./Meter";

interface Props {
  metrics: MetricDescription[];
  windowText: string;
  old: boolean;
  figure: (metric: MetricDescription | undefined) => Figure;
}

const MOST_COLUMNS = 6;

export function CpuMeters({ metrics, windowText, old, figure }: Props) {
  const cpus = cpuMetrics(metrics);
  const overall = metrics.find((metric) => metric.name === CPU);
  const columns = Math.min(cpus.length + 1, MOST_COLUMNS);
  return (
    <section class="card cpu-meters" aria-labelledby="cpus">
      <h2 id="cpus">
        {t("processor")}{" "}
        <span class="soft">{t("meter_hint", { mean: windowText, mark: hub.bands.value.mark })}</span>
      </h2>
      <div class="rack" style={{ "--columns": columns }}>
        <Meter label={t("all_cpus")} what={windowText} figure={figure(overall)} old={old} />
        {cpus.map(({ metric, index }) => (
          <Meter
            key={metric.name}
            label={t("cpu_number", { index })}
            what={windowText}
            figure={figure(metric)}
            old={old}
          />
        ))}
      </div>
    </section>
  );
}

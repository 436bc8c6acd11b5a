import type { MetricDescription } from "../api/types";
import { t } from "../i18n/words";
import type { Figure } from "../lib/figure";
import { MEMORY_CACHE, MEMORY_USED, NETWORK_EGRESS } from "../lib/metrics";
import { ShareBar } from "./ShareBar";
import "./Shares.css";

interface Props {
  metrics: MetricDescription[];
  old: boolean;
  figure: (metric: MetricDescription | undefined) => Figure;
}

const SHARES = [
  { name: MEMORY_USED, word: "memory_used" },
  { name: MEMORY_CACHE, word: "memory_cache" },
  { name: NETWORK_EGRESS, word: "network_egress" },
] as const;

export function Shares({ metrics, old, figure }: Props) {
  return (
    <section class="card shares" aria-labelledby="shares">
      <h2 id="shares">{t("memory_and_network")}</h2>
      {SHARES.map(({ name, word }) => (
        <ShareBar
          key={name}
          label={t(word)}
          hint={t(`${word}.of`)}
          old={old}
          figure={figure(metrics.find((metric) => metric.name === name))}
        />
      ))}
    </section>
  );
}

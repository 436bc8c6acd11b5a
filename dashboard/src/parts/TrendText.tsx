import type { Unit } from "../api/types";
import { t } from "../i18n/words";
import { formatChange } from "../lib/format";
import { formatAge } from "../lib/time";
import type { Trend } from "../lib/trend";
import { reader } from "../reader";

const ARROWS = { rising: "↗", falling: "↘", steady: "→" };

/** Where a figure goes, in words. */
export function TrendText({ trend, unit }: { trend: Trend | null; unit: Unit }) {
  if (!trend) return <>{t("trend.unknown")}</>;
  const change = formatChange(trend.change, unit, reader.style.value);
  return (
    <span>
      <i aria-hidden="true">{ARROWS[trend.direction]}</i> {t(`trend.${trend.direction}`)},{" "}
      {t("trend.in", { change, time: formatAge(trend.spanMs, reader.locale.value) })}
    </span>
  );
}

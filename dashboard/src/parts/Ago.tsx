import { t } from "../i18n/words";
import { formatAgo, formatExact } from "../lib/time";
import { live } from "../live";
import { reader } from "../reader";

/** A time as how long ago it is; the exact time on hover. */
export function Ago({ timeMs }: { timeMs: number | null | undefined }) {
  if (timeMs == null) return <span class="soft">{t("never")}</span>;
  const locale = reader.locale.value;
  return (
    <time dateTime={new Date(timeMs).toISOString()} title={formatExact(timeMs, locale)}>
      {formatAgo(timeMs, live.now.value, locale)}
    </time>
  );
}

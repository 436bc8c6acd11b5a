import { told } from "../asked";
import { t } from "../i18n/words";
import { formatClock } from "../lib/time";
import { health } from "../health";
import { live } from "../live";
import { reader } from "../reader";
import "./Banner.css";

/** What concerns every page: no connection, a request that failed, a hub that is unwell, auto refresh paused. */
export function Banner() {
  // A failed request beside a live stream is said too: the page may then lack what it asked for.
  const lost = live.phase.value === "lost";
  const problem = live.problem.value;
  const paused = live.pausedAt.value;
  const unwell = lost ? null : health.trouble.value;
  return (
    <div class="banner">
      <div role="alert" data-testid="banner">
        {(lost || problem !== null) && (
          <p class="bad">
            <strong>{t(lost ? "disconnected" : "request_failed")}</strong> {problem !== null && told(problem)}{" "}
            {lost && live.loaded.value && t("from_before")} {lost && t("trying_again")}
          </p>
        )}
        {unwell !== null && (
          <p class="bad" data-testid="unwell">
            <strong>{t("hub_unwell")}</strong> {told(unwell)}
          </p>
        )}
      </div>
      <div role="status">
        {paused !== null && (
          <p data-testid="paused">
            <strong>{t("paused_at", { time: formatClock(paused, reader.locale.value) })}</strong>{" "}
            {t("paused_help")}
          </p>
        )}
      </div>
    </div>
  );
}

import { t } from "../i18n/words";
import { pageHref, type PageName } from "../lib/route";
import { live } from "../live";
import "./Header.css";
import { Mark } from "./Mark";

const PAGES = ["fleet", "compare", "weather", "settings"] as const;

export function Header({ page }: { page: PageName }) {
  const paused = live.pausedAt.value !== null;
  const phase = live.phase.value;
  return (
    <header class="header">
      <a class="brand" href={pageHref("fleet")} aria-label={t("to_fleet")}>
        <Mark />
        <span>Edgewise</span>
      </a>
      <nav aria-label={t("pages")}>
        {PAGES.map((name) => (
          <a
            key={name}
            href={pageHref(name)}
            aria-current={page === name || (page === "device" && name === "fleet") ? "page" : undefined}
          >
            {t(name)}
          </a>
        ))}
      </nav>
      <button type="button" aria-pressed={paused} onClick={() => live.togglePause()} data-testid="pause">
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d={paused ? "M2.5 1v10l8-5z" : "M2 1h3v10H2zM7 1h3v10H7z"} />
        </svg>
        <span>{t(paused ? "resume" : "pause")}</span>
      </button>
      <p class="link" data-phase={phase} data-testid="connection">
        <span class="lamp" aria-hidden="true" />
        {t(phase)}
      </p>
    </header>
  );
}

import { fetchLedger } from "../api/client";
import type { Ledger } from "../api/types";
import { useAnswer } from "../asked";
import { t, type Word } from "../i18n/words";
import { number } from "../lib/format";
import { live } from "../live";
import { reader } from "../reader";
import { Ago } from "./Ago";
import "./LedgerCard.css";

const MOST_RUNS = 5;

/** What of a device's minutes the hub has, and what not. */
export function LedgerCard({ id, dropped }: { id: string; dropped: number | undefined }) {
  const minute = live.minute.value;
  const { answer: ledger, trouble } = useAnswer({ id, minute }, (asked) => fetchLedger(asked.id));
  const counts: [Word, number][] = ledger
    ? [
        ["received", ledger.received_count],
        ["missing", ledger.missing_count],
        ["late", ledger.late_count],
        ["double", ledger.double_count],
        ...(dropped === undefined ? [] : [["dropped", dropped] as [Word, number]]),
      ]
    : [];
  const holed = (ledger?.runs ?? []).filter((run) => run.missing_count > 0);
  return (
    <section class="card ledger-card" aria-labelledby="ledger" data-testid="ledger">
      <h2 id="ledger">{t("ledger")}</h2>
      <dl>
        {counts.map(([word, count]) => (
          <div key={word} class={count > 0 && (word === "missing" || word === "dropped") ? "bad" : ""}>
            <dt>{t(word)}</dt>
            <dd data-testid={word}>{number(count, 0, reader.locale.value)}</dd>
          </div>
        ))}
      </dl>
      {ledger && <p class="soft">{t(ledger.missing_count > 0 ? "ledger_missing" : "ledger_help")}</p>}
      <ul>
        {holed.slice(0, MOST_RUNS).map((run) => (
          <Holes key={run.boot} run={run} />
        ))}
      </ul>
      {trouble && (
        <p class="soft" role="status">
          {t("request_failed")} {trouble}
        </p>
      )}
    </section>
  );
}

/** Which minutes of a run are missing. */
function Holes({ run }: { run: Ledger["runs"][number] }) {
  const holes = run.missing
    .slice(0, MOST_RUNS)
    .map(({ first, last }) => (first === last ? first : `${first}–${last}`));
  const more = run.missing.length > MOST_RUNS ? " …" : "";
  return (
    <li>
      {t("run_missing", { missing: run.missing_count, highest: run.highest_sequence })} {holes.join(", ")}
      {more}{" "}
      <span class="soft">
        (<Ago timeMs={run.last_received_ms} />)
      </span>
    </li>
  );
}

import { useRef } from "preact/hooks";
import { t } from "../i18n/words";
import { deviceHref } from "../lib/route";
import { live } from "../live";
import "./AddDevice.css";
import { CopyButton } from "./CopyButton";

// An IPv6 address keeps its brackets in `hostname`, so this is a valid URL for it too.
const command = () => `edge-agent --hub mqtt://${location.hostname || "localhost"}:1883`;

const MOST_NAMED = 5;

/** How a device comes: the command to paste on it, and whether one has come since. */
export function AddDevice({ first = false }: { first?: boolean }) {
  // Those that were there when this was opened; whoever else is there has come since.
  const before = useRef<ReadonlySet<string> | null>(null);
  if (live.loaded.value) before.current ??= new Set(live.ids.value);
  const come = live.ids.value.filter((id) => before.current?.has(id) === false);
  return (
    <section class="card add-device" aria-labelledby="add" data-testid={first ? "empty" : "add"}>
      <h2 id="add">{t(first ? "no_device" : "add_device")}</h2>
      <p>{t("add_help")}</p>
      <div class="command">
        <pre>
          <code>{command()}</code>
        </pre>
        <CopyButton text={command} />
      </div>
      <p class="soft small">{t("add_address")}</p>
      <p role="status" class="wait" data-testid="waiting">
        {come.length > 0 ? (
          <>
            <span class="came">
              <i aria-hidden="true">●</i> {t("connected")}
            </span>
            {come.slice(0, MOST_NAMED).map((id) => (
              <a key={id} href={deviceHref(id)}>
                {id}
              </a>
            ))}
          </>
        ) : (
          <span>
            <i aria-hidden="true">◌</i> {t("waiting")}
          </span>
        )}
      </p>
    </section>
  );
}

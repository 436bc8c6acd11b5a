import { useState } from "preact/hooks";
import type { DeviceView } from "../api/types";
import { t } from "../i18n/words";
import { CopyButton } from "./CopyButton";
import "./RawMessage.css";

/** The last state message as JSON, to read or to copy. */
export function RawMessage({ view }: { view: DeviceView }) {
  const [open, setOpen] = useState(false);
  const json = () => JSON.stringify(view.state, null, 2);
  return (
    <details
      class="card raw-message"
      onToggle={(event) => setOpen(event.currentTarget.open)}
      data-testid="raw"
    >
      <summary>
        <h2>{t("last_message")}</h2>
      </summary>
      {view.state == null ? (
        <p class="soft">{t("no_figures")}</p>
      ) : (
        open && (
          <>
            <div class="tools">
              <CopyButton text={json} />
            </div>
            {/* It scrolls, so the keyboard must reach it. */}
            <pre tabindex={0}>
              <code>{json()}</code>
            </pre>
          </>
        )
      )}
    </details>
  );
}

import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { toClipboard } from "../lib/save";

export function CopyButton({ text }: { text: () => string }) {
  const [said, setSaid] = useState<"copied" | "copy_failed">();

  async function copy() {
    setSaid((await toClipboard(text())) ? "copied" : "copy_failed");
    setTimeout(() => setSaid(undefined), 2500);
  }

  return (
    <>
      <button type="button" onClick={copy}>
        {t("copy")}
      </button>
      <small role="status" class="soft">
        {said && t(said)}
      </small>
    </>
  );
}

import { useState } from "preact/hooks";
import { fetchHistory } from "../api/client";
import { type HistoryQuestion, told } from "../asked";
import { t } from "../i18n/words";
import { historyCsv } from "../lib/csv";
import { pageHref } from "../lib/route";
import { saveText } from "../lib/save";

interface Props {
  asked: HistoryQuestion;
  /** Of the file, without its ending. */
  name: string;
  withBefore: boolean;
  onBefore: (withBefore: boolean) => void;
  /** Why figures are missing. */
  troubles: string[];
}

/** What one can do with a chart, and what it lacks. */
export function ChartFoot({ asked, name, withBefore, onBefore, troubles }: Props) {
  const [trouble, setTrouble] = useState("");

  async function save() {
    try {
      const history = await fetchHistory(asked.device, asked.metrics, asked);
      saveText(`${name.replace(/[^\w-]+/g, "-")}.csv`, historyCsv(history), "text/csv");
      setTrouble("");
    } catch (error) {
      setTrouble(told(error));
    }
  }

  const said = [...new Set([...troubles, trouble])].filter((why) => why !== "");
  return (
    <>
      <div class="tools foot">
        <label>
          <input
            type="checkbox"
            checked={withBefore}
            onChange={(event) => onBefore(event.currentTarget.checked)}
          />{" "}
          {t("previous_period")}
        </label>
        <span class="soft hint">{t("brush_hint")}</span>
        <a href={pageHref("compare", { metric: asked.metrics[0] ?? "", devices: asked.device })}>
          {t("compare")}
        </a>
        <button type="button" onClick={save} data-testid="csv">
          {t("save_csv")}
        </button>
      </div>
      {said.map((why) => (
        <p key={why} class="soft" role="status">
          {t("history_missing", { why })}
        </p>
      ))}
    </>
  );
}

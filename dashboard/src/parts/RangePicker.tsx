import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { between, boundsOf, type Range, SPANS } from "../lib/range";
import { toLocalInput } from "../lib/time";
import { live } from "../live";
import { Choice } from "./Choice";
import "./RangePicker.css";

interface Props {
  range: Range;
  onChoose: (range: Range) => void;
}

/** How far back, or between which two moments. */
export function RangePicker({ range, onChoose }: Props) {
  /** The two fields as they are typed; null while they are hidden. */
  const [typed, setTyped] = useState<[string, string] | null>(null);

  function choose(spanMs: number) {
    if (spanMs > 0) onChoose({ kind: "last", spanMs });
    const [from, to] = boundsOf(range, live.now.peek());
    setTyped(spanMs > 0 || typed ? null : [toLocalInput(from), toLocalInput(to)]);
  }

  const spans = SPANS.map(({ key, ms }) => ({ value: ms as number, label: t(`span.${key}`) }));
  return (
    <>
      <Choice
        label={t("how_far_back")}
        of={[...spans, { value: 0, label: t("span.custom") }]}
        value={range.kind === "last" ? range.spanMs : 0}
        onChoose={choose}
      />
      {typed && (
        <Between
          typed={typed}
          onType={setTyped}
          onChoose={(chosen) => {
            onChoose(chosen);
            setTyped(null);
          }}
        />
      )}
    </>
  );
}

interface BetweenProps {
  typed: [string, string];
  onType: (typed: [string, string]) => void;
  onChoose: (range: Range) => void;
}

function Between({ typed: [from, to], onType, onChoose }: BetweenProps) {
  const chosen = between(Date.parse(from), Date.parse(to));
  return (
    <form
      class="range-picker"
      data-testid="between"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) onChoose(chosen);
      }}
    >
      <label>
        {t("from")}{" "}
        <input
          type="datetime-local"
          value={from}
          onInput={(event) => onType([event.currentTarget.value, to])}
          required
        />
      </label>
      <label>
        {t("to")}{" "}
        <input
          type="datetime-local"
          value={to}
          onInput={(event) => onType([from, event.currentTarget.value])}
          required
        />
      </label>
      <button type="submit" disabled={!chosen}>
        {t("show")}
      </button>
    </form>
  );
}

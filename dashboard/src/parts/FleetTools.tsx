import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/words";
import { type Question, type Show, SHOWS, SORTS } from "../lib/fleet";
import { number } from "../lib/format";
import { LOOKS } from "../lib/settings";
import { reader } from "../reader";
import { Choice } from "./Choice";
import "./FleetTools.css";
import { Select } from "./Select";

interface Props {
  counts: Record<Show, number>;
  question: Question;
  tags: readonly string[];
  hasGroups: boolean;
  onAsk: (changed: Partial<Question>) => void;
}

export function FleetTools({ counts, question, tags, hasGroups, onAsk }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const { search, show, sort, reversed, tag, grouped } = question;

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  // A kind of which there is none is no help, unless it is what one looks at.
  const shown = SHOWS.filter((kind) => counts[kind] > 0 || kind === "all" || kind === show);
  return (
    <div class="tools fleet-tools">
      <input
        ref={field}
        type="search"
        value={search}
        onInput={(event) => onAsk({ search: event.currentTarget.value })}
        onKeyDown={(event) => event.key === "Escape" && onAsk({ search: "" })}
        aria-label={t("search")}
        aria-keyshortcuts="/"
        placeholder={t("search_hint")}
        data-testid="search"
      />
      <div class="kinds" role="group" aria-label={t("show")}>
        {shown.map((kind) => (
          <button
            type="button"
            key={kind}
            class={kind}
            aria-pressed={show === kind}
            onClick={() => onAsk({ show: kind })}
          >
            {t(`show.${kind}`)} <b>{number(counts[kind], 0, reader.locale.value)}</b>
          </button>
        ))}
      </div>
      {(tags.length > 0 || tag) && (
        <Select
          label={t("tag")}
          of={[
            { value: "", label: t("any_tag") },
            ...[...new Set([...tags, ...(tag ? [tag] : [])])].map((value) => ({ value, label: value })),
          ]}
          value={tag}
          onChoose={(chosen) => onAsk({ tag: chosen })}
          testid="tag"
        />
      )}
      {(hasGroups || grouped) && (
        <button
          type="button"
          class="way"
          aria-pressed={grouped}
          onClick={() => onAsk({ grouped: !grouped })}
          data-testid="grouped"
        >
          {t("by_group")}
        </button>
      )}
      <span class="order">
        <Select
          label={t("sort")}
          of={SORTS.map((value) => ({ value, label: t(`sort.${value}`) }))}
          value={sort}
          onChoose={(by) => onAsk({ sort: by, reversed: false })}
          testid="sort"
        />
        <button
          type="button"
          class="way"
          aria-label={t("reverse")}
          aria-pressed={reversed}
          onClick={() => onAsk({ reversed: !reversed })}
        >
          {reversed ? "↑" : "↓"}
        </button>
      </span>
      <span class="look">
        <Choice
          label={t("look")}
          of={LOOKS.map((value) => ({ value, label: t(`look.${value}`) }))}
          value={reader.settings.value.look}
          onChoose={(look) => reader.change({ look })}
        />
      </span>
    </div>
  );
}

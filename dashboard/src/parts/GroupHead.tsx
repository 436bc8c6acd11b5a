import { t } from "../i18n/words";
import { number } from "../lib/format";
import { reader } from "../reader";
import "./GroupHead.css";

interface Props {
  group: string;
  count: number;
  open: boolean;
  index: number;
  card: boolean;
  onToggle: () => void;
}

/** Stands above the devices of a group, and hides and shows them. */
export function GroupHead({ group, count, open, index, card, onToggle }: Props) {
  return (
    <div
      class="group-head"
      role={card ? "listitem" : "row"}
      aria-rowindex={card ? undefined : index + 2}
      data-index={index}
      data-testid="group"
    >
      <span role={card ? undefined : "cell"}>
        <button type="button" aria-expanded={open} onClick={onToggle}>
          <i aria-hidden="true">{open ? "▾" : "▸"}</i> {group || t("no_group")}{" "}
          <b>{number(count, 0, reader.locale.value)}</b>
        </button>
      </span>
    </div>
  );
}

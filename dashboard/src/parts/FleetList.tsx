import { t, type Word } from "../i18n/words";
import type { Sort } from "../lib/fleet";
import { groupOf } from "../lib/labels";
import { useMedia } from "../media";
import { reader } from "../reader";
import "./FleetList.css";
import { FleetRow } from "./FleetRow";
import { GroupHead } from "./GroupHead";
import { VirtualList } from "./VirtualList";

interface Props {
  ids: readonly string[];
  sort: Sort;
  reversed: boolean;
  onSort: (sort: Sort, reversed: boolean) => void;
  /** How many devices there are in each group that has a head in the list. */
  sizes: ReadonlyMap<string, number>;
  /** Groups whose devices are hidden. */
  closed: ReadonlySet<string>;
  onToggle: (group: string) => void;
}

const ROW = 64;
const CARD = { height: 176, width: 320 };
const COLUMNS: [Sort, Word][] = [
  ["name", "device"],
  ["heard", "last_heard"],
  ["cpu", "cpu"],
  ["memory", "memory"],
  ["temperature", "temperature"],
  ["attention", "faults_and_power"],
];

const FALLING: Sort[] = ["heard", "cpu", "memory", "temperature"];

/** The devices as a table whose head sorts it, or as cards; on a phone always as cards. */
export function FleetList({ ids, sort, reversed, onSort, sizes, closed, onToggle }: Props) {
  const phone = useMedia("(max-width: 52rem)");
  const card = phone || reader.settings.value.look === "cards";
  const item = (id: string, index: number) => {
    const group = groupOf(id);
    if (group === null) return <FleetRow key={id} id={id} index={index} card={card} />;
    return (
      <GroupHead
        key={id}
        group={group}
        count={sizes.get(group) ?? 0}
        open={!closed.has(group)}
        index={index}
        card={card}
        onToggle={() => onToggle(group)}
      />
    );
  };
  if (card) {
    return (
      <div class="fleet-list cards" role={ids.length > 0 ? "list" : undefined} data-testid="fleet">
        <VirtualList key="cards" ids={ids} item={item} {...CARD} />
      </div>
    );
  }
  return (
    <div
      class="fleet-list card lines"
      role="table"
      aria-label={t("fleet")}
      aria-rowcount={ids.length + 1}
      data-testid="fleet"
    >
      <div class="head" role="row" aria-rowindex={1}>
        {COLUMNS.map(([by, word]) => {
          const chosen = by === sort;
          // Figures and last words come highest and newest first.
          const falling = FALLING.includes(by) !== reversed;
          return (
            <span
              key={by}
              role="columnheader"
              aria-sort={chosen ? (falling ? "descending" : "ascending") : undefined}
            >
              <button type="button" onClick={() => onSort(by, chosen && !reversed)}>
                {t(word)} <i aria-hidden="true">{chosen && (reversed ? "↑" : "↓")}</i>
              </button>
            </span>
          );
        })}
      </div>
      <VirtualList key="lines" ids={ids} item={item} height={ROW} />
    </div>
  );
}

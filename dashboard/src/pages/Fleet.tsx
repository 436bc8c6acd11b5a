import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../i18n/words";
import { arrange, type Question, SHOWS, SORTS } from "../lib/fleet";
import { pageHref, type Route } from "../lib/route";
import { live } from "../live";
import { AddDevice } from "../parts/AddDevice";
import { FleetList } from "../parts/FleetList";
import { FleetTools } from "../parts/FleetTools";

const one = <T extends string>(value: string | null, of: readonly T[]): T =>
  of.find((known) => known === value) ?? (of[0] as T);

export function Fleet({ route: { query } }: { route: Route }) {
  const ask = (changed: Partial<Question>) => setQuestion((before) => ({ ...before, ...changed }));
  const [question, setQuestion] = useState<Question>({
    search: query.get("q") ?? "",
    show: one(query.get("show"), SHOWS),
    sort: one(query.get("sort"), SORTS),
    reversed: query.has("down"),
    tag: query.get("tag") ?? "",
    grouped: query.has("grouped"),
    closed: new Set<string>(),
  });
  // A tag of a device leads here from here, too.
  const tag = query.get("tag");
  useEffect(() => void (tag && ask({ tag })), [tag]);

  // What is asked for stands in the address, so that it can be kept and sent.
  useEffect(() => {
    const { search: q, show, sort, reversed, tag, grouped } = question;
    const asked = {
      q,
      tag,
      grouped: grouped ? "1" : "",
      show: show === "all" ? "" : show,
      sort: sort === "name" ? "" : sort,
    };
    history.replaceState(null, "", pageHref("fleet", { ...asked, down: reversed ? "1" : "" }));
  }, [question]);

  const [version, all, known] = [live.version.value, live.ids.value, live.known.value];
  const { ids, counts, found, tags, sizes, hasGroups } = useMemo(
    () => arrange(live.all().values(), question, known),
    [version, all, known, question],
  );
  const toggle = (group: string) => {
    const closed = new Set(question.closed);
    if (!closed.delete(group)) closed.add(group);
    ask({ closed });
  };

  return (
    <>
      <div class="page-head">
        <h1 tabindex={-1}>{t("fleet")}</h1>
        {all.length > 0 && (
          <p class="soft" data-testid="counts">
            {t("online_of", { online: counts.online, total: counts.all })}
          </p>
        )}
      </div>
      {all.length > 0 ? (
        <>
          <FleetTools counts={counts} question={question} tags={tags} hasGroups={hasGroups} onAsk={ask} />
          <FleetList
            ids={ids}
            sort={question.sort}
            reversed={question.reversed}
            onSort={(sort, reversed) => ask({ sort, reversed })}
            sizes={sizes}
            closed={question.closed}
            onToggle={toggle}
          />
          {found === 0 && (
            <p class="soft" data-testid="nothing">
              {t("nothing_found")}{" "}
              <button type="button" onClick={() => ask({ search: "", show: "all", tag: "" })}>
                {t("show_all")}
              </button>
            </p>
          )}
        </>
      ) : live.loaded.value ? (
        <AddDevice first />
      ) : (
        <p class="soft">{t("reading")}</p>
      )}
    </>
  );
}

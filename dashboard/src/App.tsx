import type { ComponentType } from "preact";
import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { health } from "./health";
import { t } from "./i18n/words";
import { nameOf } from "./lib/labels";
import { pageHref, parseRoute, type Route } from "./lib/route";
import { live } from "./live";
import { Fleet } from "./pages/Fleet";
import { Banner } from "./parts/Banner";
import { Header } from "./parts/Header";

type Page = ComponentType<{ route: Route }>;

/** A page and what it was asked for, once its script is there. */
interface Shown {
  route: Route;
  Page: Page | "missing";
}

async function load(route: Route): Promise<Shown> {
  if (route.page === "fleet") return { route, Page: Fleet };
  try {
    // What needs the chart library comes when it is asked for. All of it at once: many small scripts weigh more.
    const pages = await import("./pages/more");
    return { route, Page: pages[route.page] };
  } catch {
    return { route, Page: "missing" };
  }
}

export function App() {
  const first = parseRoute(location.hash);
  const [shown, setShown] = useState<Shown | null>(
    first.page === "fleet" ? { route: first, Page: Fleet } : null,
  );
  const [asked, setAsked] = useState(first);
  const main = useRef<HTMLElement>(null);
  const newest = useRef(first);

  const follow = () => {
    const route = parseRoute(location.hash);
    setAsked(route);
    newest.current = route;
    // Whoever has gone on meanwhile wants the newer page.
    void load(route).then((next) => newest.current === route && setShown(next));
  };

  useEffect(() => {
    const stop = live.start();
    const stopHealth = health.start();
    if (first.page !== "fleet") follow();
    addEventListener("hashchange", follow);
    return () => {
      stop();
      stopHealth();
      removeEventListener("hashchange", follow);
    };
  }, []);

  // A screen reader then reads the new page from its heading.
  const arrive = () => main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  const key = shown && `${shown.route.page}/${shown.route.id}`;
  useEffect(() => {
    scrollTo(0, 0);
    arrive();
    const id = shown?.route.id;
    // By an effect, so that the news of a device do not draw the whole page anew.
    return effect(() => {
      const view = id ? live.device(id) : undefined;
      document.title = id ? `${view ? nameOf(view) : id} · Edgewise` : "Edgewise";
    });
  }, [key]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), arrive())}>
        {t("skip")}
      </a>
      <Header page={asked.page} />
      <Banner />
      <main ref={main} id="main">
        {shown === null ? (
          <p class="soft">{t("reading")}</p>
        ) : shown.Page === "missing" ? (
          <p>
            {t("page_missing")} <a href={pageHref("fleet")}>{t("fleet")}</a>
          </p>
        ) : (
          <shown.Page key={key} route={shown.route} />
        )}
      </main>
    </>
  );
}

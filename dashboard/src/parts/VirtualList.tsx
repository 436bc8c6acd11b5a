import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { groupOf } from "../lib/labels";
import { layOut, rowAt, rowsSeen } from "../lib/rows";
import "./VirtualList.css";

interface Props {
  ids: readonly string[];
  /** Height of a row in pixels, with the space below it. */
  height: number;
  /** Least width of an item in pixels; as many stand in a row as fit. Without one there is one in each row. */
  width?: number;
  item: (id: string, index: number) => ComponentChildren;
}

/** Height of the head of a group in pixels. */
const HEAD = 52;
const isHead = (entry: string) => groupOf(entry) !== null;

const KEYS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

/** A list as long as the fleet, of which only the rows near the window exist. */
export function VirtualList({ ids, height, width, item }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const wanted = useRef<number | null>(null);
  const [seen, setSeen] = useState({ top: 0, tall: innerHeight, wide: 0 });

  const columns = width ? Math.max(1, Math.floor(seen.wide / width)) : 1;
  const layout = useMemo(() => layOut(ids, columns, height, isHead, HEAD), [ids, columns, height]);
  const rows = rowsSeen(layout, seen.top, seen.top + seen.tall);

  useLayoutEffect(() => {
    const look = () => {
      const element = box.current;
      if (!element) return;
      // Where the list begins moves with what stands above it.
      const next = {
        top: -element.getBoundingClientRect().top,
        tall: innerHeight,
        wide: element.clientWidth,
      };
      setSeen((now) =>
        now.top === next.top && now.tall === next.tall && now.wide === next.wide ? now : next,
      );
    };
    look();
    const resized = new ResizeObserver(look);
    if (box.current) resized.observe(box.current);
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      resized.disconnect();
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);

  // The item that an arrow led to may have come into being only now.
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const link = box.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] :is(a, button)`);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
    link.closest("[data-index]")?.scrollIntoView({ block: "nearest" });
  });

  /** Arrows go from item to item, also to those that do not exist yet. */
  function onKeyDown(event: KeyboardEvent) {
    const from = (event.target as Element).closest<HTMLElement>("[data-index]")?.dataset.index;
    const by = { ...KEYS, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (by === undefined || from === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = Number(from) + by;
    if (to < 0 || to >= ids.length) return;
    event.preventDefault();
    wanted.current = to;
    const y = (layout.tops[rowAt(layout.starts, to)] ?? 0) - seen.top;
    if (y < 0 || y + height > seen.tall) scrollBy(0, y - seen.tall / 2);
    setSeen((now) => ({ ...now }));
  }

  return (
    <div
      ref={box}
      class="virtual-list"
      role="presentation"
      style={{
        paddingTop: `${rows.before}px`,
        paddingBottom: `${rows.after}px`,
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        gridTemplateRows: rows.heights.map((each) => `${each}px`).join(" "),
      }}
      onKeyDown={onKeyDown}
    >
      {ids.slice(rows.first, rows.end).map((id, index) => item(id, rows.first + index))}
    </div>
  );
}

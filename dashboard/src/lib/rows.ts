// Which rows of a long list are to be drawn. Its items stand in rows of equal height; a head stands alone in a row of
// its own height.

export interface Layout {
  /** The first item of each row, and one past the last item at the end. */
  starts: number[];
  /** Where each row begins, in pixels, and where the last one ends. */
  tops: number[];
}

export interface Rows {
  /** First item drawn, and one past the last. */
  first: number;
  end: number;
  /** Height of what is not drawn before and after them, in pixels. */
  before: number;
  after: number;
  /** Heights of the rows drawn, in pixels. */
  heights: number[];
}

/** Rows drawn beyond either edge, so that a quick hand sees no gap. */
const MARGIN = 6;

/** Puts items into rows, `columns` in each of `height` pixels, but those that are heads. */
export function layOut<T>(
  items: readonly T[],
  columns: number,
  height: number,
  isHead: (item: T) => boolean = () => false,
  headHeight = height,
): Layout {
  const [starts, tops]: [number[], number[]] = [[], []];
  let top = 0;
  for (let at = 0; at < items.length;) {
    starts.push(at);
    tops.push(top);
    const head = isHead(items[at] as T);
    const begun = at;
    do at += 1;
    while (!head && at < items.length && at - begun < columns && !isHead(items[at] as T));
    top += head ? headHeight : height;
  }
  starts.push(items.length);
  tops.push(top);
  return { starts, tops };
}

/** The last row that begins at or before a place, which is an item of `starts` or a pixel of `tops`; -1 for none. */
export function rowAt(places: readonly number[], place: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The rows that are seen between `top` and `bottom`: pixels from the list's own top. */
export function rowsSeen({ starts, tops }: Layout, top: number, bottom: number): Rows {
  const count = starts.length - 1;
  const within = (row: number) => Math.min(count, Math.max(0, row));
  const first = within(rowAt(tops, top) - MARGIN);
  const end = Math.max(first, within(rowAt(tops, bottom) + 1 + MARGIN));
  const at = (places: readonly number[], row: number) => places[row] as number;
  const heights = Array.from(
    { length: end - first },
    (_, i) => at(tops, first + i + 1) - at(tops, first + i),
  );
  return {
    first: at(starts, first),
    end: at(starts, end),
    before: at(tops, first),
    after: at(tops, count) - at(tops, end),
    heights,
  };
}

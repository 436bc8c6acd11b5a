// Which rows of a long list of equal rows are to be drawn.

export interface Rows {
  /** First item drawn, and one past the last. */
  first: number;
  end: number;
  /** Height of what is not drawn before and after them, in pixels. */
  before: number;
  after: number;
}

/** Rows drawn beyond either edge, so that a quick hand sees no gap. */
const MARGIN = 6;

/**
 * The rows of `count` items, `columns` in each row of `height` pixels, that are seen between `top` and `bottom`:
 * pixels from the list's own top.
 */
export function rowsSeen(count: number, columns: number, height: number, top: number, bottom: number): Rows {
  const rows = Math.ceil(count / columns);
  const within = (row: number) => Math.min(rows, Math.max(0, row));
  const first = within(Math.floor(top / height) - MARGIN);
  const end = Math.max(first, within(Math.ceil(bottom / height) + MARGIN));
  return {
    first: first * columns,
    end: Math.min(count, end * columns),
    before: first * height,
    after: (rows - end) * height,
  };
}

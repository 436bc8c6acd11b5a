// Pages of events, put together.
import type { EventsView } from "../api/types";

/** A newer first page before what is shown. Where the two do not meet, something between them was never read: then
 * only the newer one stands. */
export function refreshed(shown: EventsView | null, newest: EventsView): EventsView {
  const oldest = newest.events.at(-1);
  const at = shown?.events.findIndex(({ id }) => id === oldest?.id) ?? -1;
  if (!shown || at < 0) return newest;
  return { events: [...newest.events, ...shown.events.slice(at + 1)], next_cursor: shown.next_cursor };
}

/** What is shown with the page that comes after it. */
export function continued(shown: EventsView, older: EventsView): EventsView {
  return { events: [...shown.events, ...older.events], next_cursor: older.next_cursor };
}

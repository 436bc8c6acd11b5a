import { t } from "../i18n/words";
import type { Presence } from "../lib/presence";
import "./PresenceTag.css";

const SHAPES: Record<Presence, string> = { online: "●", silent: "◐", offline: "○", unknown: "?" };

/** Whether a device is there: a word, with a shape of its own for each. */
export function PresenceTag({ presence }: { presence: Presence }) {
  return (
    <span class={`presence-tag ${presence}`} data-testid="presence">
      <i aria-hidden="true">{SHAPES[presence]}</i>
      {t(`presence.${presence}`)}
    </span>
  );
}

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/words";
import "./Confirm.css";

interface Props {
  title: string;
  /** What the button that does it says. */
  action: string;
  children: ComponentChildren;
  onYes: () => void;
  onNo: () => void;
}

/** Asks before something that cannot be undone. It is there while it asks. */
export function Confirm({ title, action, children, onYes, onNo }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // The browser keeps the focus inside, closes it by Escape, and gives the focus back.
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} class="confirm card" aria-label={title} data-testid="confirm" onCancel={onNo}>
      <h2>{title}</h2>
      {children}
      <p class="answers">
        <button type="button" onClick={onNo}>
          {t("cancel")}
        </button>
        <button type="button" class="danger" onClick={onYes}>
          {action}
        </button>
      </p>
    </dialog>
  );
}

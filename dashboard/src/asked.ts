// What a page asks the hub for, again whenever the question changes or something may have been missed.
import { useEffect, useState } from "preact/hooks";
import { fetchHistory, RequestError, type Span } from "./api/client";
import type { History } from "./api/types";
import { explain } from "./i18n/words";
import { live } from "./live";

export interface Answer<T> {
  /** The newest answer; the one before stays until there is a newer one. */
  answer: T | null;
  /** Why the newest question has no answer; empty when it has one or none was asked. */
  trouble: string;
  busy: boolean;
}

/** What a failed request is told as. */
export function told(error: unknown): string {
  return error instanceof RequestError ? explain(error.trouble) : String(error);
}

/** The answer to a question that may change, which `ask` gets; null asks nothing. */
export function useAnswer<Q, T>(question: Q | null, ask: (question: Q) => Promise<T>): Answer<T> {
  const [state, setState] = useState<Answer<T>>({ answer: null, trouble: "", busy: false });
  // As a text, so that the same question is not asked again because it was put together again.
  const text = JSON.stringify(question);
  const epoch = live.epoch.value;
  useEffect(() => {
    const asked = JSON.parse(text) as Q | null;
    if (asked === null) return setState({ answer: null, trouble: "", busy: false });
    let current = true;
    setState((before) => ({ ...before, busy: true }));
    ask(asked).then(
      (answer) => current && setState({ answer, trouble: "", busy: false }),
      (error: unknown) => current && setState((before) => ({ ...before, trouble: told(error), busy: false })),
    );
    return () => void (current = false);
  }, [text, epoch]);
  return state;
}

export interface HistoryQuestion extends Span {
  device: string;
  metrics: readonly string[];
}

/** The stored history of some metrics of a device; of no metrics nothing is asked. */
export function useHistory(question: HistoryQuestion | null): Answer<History> {
  const asked = question?.metrics.length ? question : null;
  return useAnswer(asked, (now) => fetchHistory(now.device, now.metrics, now));
}

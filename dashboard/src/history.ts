// Stored minutes for a page, read again whenever what is asked for changes or something may have been missed.
import { useEffect, useState } from "preact/hooks";
import { fetchHistory, RequestError } from "./api/client";
import type { History } from "./api/types";
import { live } from "./live";

export interface Asked {
  devices: readonly string[];
  metrics: readonly string[];
  fromMs: number;
  toMs: number;
}

export interface Answer {
  /** In the order of the devices asked for; null before the first answer. */
  histories: readonly History[] | null;
  /** Why the newest question has no answer; empty when it has one or none was asked. */
  trouble: string;
  busy: boolean;
}

const NOTHING: Answer = { histories: null, trouble: "", busy: false };

/** What a failed request is told as. */
export function told(error: unknown): string {
  return error instanceof RequestError ? error.message : String(error);
}

/** The answer to a question that may change; null asks nothing. */
export function useHistory(question: Asked | null): Answer {
  const [answer, setAnswer] = useState(NOTHING);
  // As a text, so that the same question is not asked again because it was put together again.
  const text = JSON.stringify(question);
  const epoch = live.epoch.value;
  useEffect(() => {
    const asked = JSON.parse(text) as Asked | null;
    if (asked === null || asked.metrics.length === 0 || asked.devices.length === 0) return setAnswer(NOTHING);
    let current = true;
    setAnswer((before) => ({ ...before, busy: true }));
    const { devices, metrics, fromMs, toMs } = asked;
    Promise.all(devices.map((device) => fetchHistory(device, metrics, fromMs, toMs))).then(
      (histories) => current && setAnswer({ histories, trouble: "", busy: false }),
      (error: unknown) =>
        current && setAnswer((before) => ({ ...before, trouble: told(error), busy: false })),
    );
    return () => void (current = false);
  }, [text, epoch]);
  return answer;
}

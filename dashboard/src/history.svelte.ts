// Stored minutes for a page, read again whenever what is asked for changes or something may have been missed.
import { fetchHistory, RequestError } from "./api/client";
import type { History } from "./api/types";
import { live } from "./live.svelte";

export interface Asked {
  devices: readonly string[];
  metrics: readonly string[];
  fromMs: number;
  toMs: number;
}

export interface Answer {
  /** In the order of the devices asked for; null before the first answer. */
  readonly histories: readonly History[] | null;
  /** Why the newest question has no answer; empty when it has one or none was asked. */
  readonly trouble: string;
  readonly busy: boolean;
}

/** What a failed request is told as. */
export function told(error: unknown): string {
  return error instanceof RequestError ? error.message : String(error);
}

/** The answer to a question that may change; null asks nothing. Call it while a component is made. */
export function historyOf(question: () => Asked | null): Answer {
  let histories = $state.raw<History[] | null>(null);
  let trouble = $state("");
  let busy = $state(false);
  // As a text, so that the same question is not asked again because it was put together again.
  const text = $derived(JSON.stringify(question()));
  $effect(() => {
    void live.epoch;
    const asked = JSON.parse(text) as Asked | null;
    if (asked === null || asked.metrics.length === 0 || asked.devices.length === 0) {
      histories = null;
      return;
    }
    let current = true;
    busy = true;
    const { devices, metrics, fromMs, toMs } = asked;
    Promise.all(devices.map((device) => fetchHistory(device, metrics, fromMs, toMs)))
      .then(
        (answer) => current && ([histories, trouble] = [answer, ""]),
        (error: unknown) => current && (trouble = told(error)),
      )
      .finally(() => current && (busy = false));
    return () => (current = false);
  });
  return {
    get histories() {
      return histories;
    },
    get trouble() {
      return trouble;
    },
    get busy() {
      return busy;
    },
  };
}

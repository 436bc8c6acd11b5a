// The settings of the hub: the same for everybody who reads it.
import { computed, signal } from "@preact/signals";
import { changeSettings, fetchSettings } from "./api/client";
import type { HubSettings, SettingsChange, SettingsEvent } from "./api/types";
import { DEFAULT_BANDS } from "./lib/bands";
import { withOldest } from "./lib/retention";

class Hub {
  /** Null until the hub has told them. */
  readonly settings = signal<HubSettings | null>(null);
  readonly bands = computed(() => this.settings.value?.bands ?? DEFAULT_BANDS);
  #told = 0;

  /** Takes what the stream says. */
  tell(said: SettingsEvent): void {
    this.#told += 1;
    this.settings.value = withOldest(said, this.settings.peek());
  }

  /** Reads them, with the age of what is kept. Throws a RequestError. */
  read(): Promise<void> {
    return this.#take(fetchSettings());
  }

  /** Changes some of them. Throws a RequestError. */
  change(change: SettingsChange): Promise<void> {
    return this.#take(changeSettings(change));
  }

  async #take(asked: Promise<HubSettings>): Promise<void> {
    const told = this.#told;
    const answer = await asked;
    // What the stream said meanwhile may be newer; how old what is kept is, it does not say.
    const newer = told === this.#told ? null : this.settings.peek();
    this.settings.value = withOldest(newer ?? answer, answer);
  }
}

export const hub = new Hub();

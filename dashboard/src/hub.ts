// The settings of the hub: the same for everybody who reads it.
import { computed, effect, signal } from "@preact/signals";
import { changeSettings, fetchSettings } from "./api/client";
import type { HubSettings, SettingsChange } from "./api/types";
import { DEFAULT_BANDS } from "./lib/bands";
import { live } from "./live";

class Hub {
  /** Null until they were read. */
  readonly settings = signal<HubSettings | null>(null);
  readonly bands = computed(() => this.settings.value?.bands ?? DEFAULT_BANDS);

  /** Reads them whenever something may have been missed. Gives the function that ends it. */
  start(): () => void {
    return effect(() => {
      // Without them the pages have the first bands; the settings page asks for itself and says why not.
      if (live.epoch.value > 0) this.read().catch(() => undefined);
    });
  }

  /** Reads them. Throws a RequestError. */
  async read(): Promise<void> {
    this.settings.value = await fetchSettings();
  }

  /** Changes some of them. Throws a RequestError. */
  async change(change: SettingsChange): Promise<void> {
    this.settings.value = await changeSettings(change);
  }
}

export const hub = new Hub();

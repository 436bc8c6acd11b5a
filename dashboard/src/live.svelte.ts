// What the panel knows, kept up to date by the stream: one instance for all pages.
import { SvelteMap } from "svelte/reactivity";
import { fetchDevices, RequestError } from "./api/client";
import { openStream } from "./api/stream";
import type { DeviceView, StateEvent } from "./api/types";
import type { Connection } from "./lib/connection";
import { byId, withFetched, withState } from "./lib/views";

export class Live {
  readonly devices = new SvelteMap<string, DeviceView>();
  /** All ids in the order to show them. Replaced only when a device is new: it is read by every page. */
  ids = $state.raw<string[]>([]);
  phase = $state<Connection["phase"]>("connecting");
  /** Why the last request failed, in words; empty when it did not. */
  problem = $state("");
  /** Whether the devices were read at least once. */
  loaded = $state(false);
  /** Raised whenever something may have been missed, so that a page reads its history again. */
  epoch = $state(0);
  /** The hub's clock, once a second. */
  now = $state(Date.now());
  /**
   * The hub's clock when it last spoke. Presence is judged by it: a hub that cannot be reached says nothing
   * about its devices, and must not make them look silent.
   */
  known = $state(Date.now());

  #offset = 0;
  #spoke = 0;
  #listeners = new Set<(event: StateEvent) => void>();
  // Which devices the stream has spoken of since the last request was sent.
  #toldDevice = new Set<string>();
  #toldState = new Set<string>();
  #fetching = false;
  #again = false;

  /** Begins to listen. Gives the function that ends it. */
  start(): () => void {
    const timer = setInterval(() => this.#tick(), 1000);
    const stop = openStream({
      onDevice: (view) => {
        this.#toldDevice.add(view.id);
        this.#spoke = this.clock();
        this.#put(view);
      },
      onState: (event) => this.#state(event),
      onClock: (nowMs) => this.#clock(nowMs),
      onMissed: () => void this.#refetch(),
      onPhase: (phase) => (this.phase = phase),
    });
    // Not only when the stream opens: the first picture need not wait for it.
    void this.#refetch();
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  /** The hub's clock at this moment; unlike `now` it makes nothing run again. */
  clock(): number {
    return Date.now() + this.#offset;
  }

  /** Calls `listener` with every state of every device. Gives the function that ends it. */
  onState(listener: (event: StateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #state(event: StateEvent): void {
    this.#spoke = this.clock();
    this.#toldState.add(event.device);
    const view = this.devices.get(event.device);
    if (view) this.#put(withState(view, event));
    else void this.#refetch();
    for (const listener of this.#listeners) listener(event);
  }

  #put(view: DeviceView): void {
    if (!this.devices.has(view.id)) this.ids = [...this.ids, view.id].sort(byId);
    this.devices.set(view.id, view);
  }

  #clock(nowMs: number): void {
    this.#offset = nowMs - Date.now();
    this.#spoke = nowMs;
    this.#tick();
  }

  #tick(): void {
    this.now = this.clock();
    this.known = this.#spoke;
  }

  /** Reads all devices. Asked for while it runs, it runs once more: never two at a time, none forgotten. */
  async #refetch(): Promise<void> {
    this.#again = true;
    if (this.#fetching) return;
    this.#fetching = true;
    while (this.#again) {
      this.#again = false;
      await this.#fetchOnce();
    }
    this.#fetching = false;
  }

  async #fetchOnce(): Promise<void> {
    this.#toldDevice.clear();
    this.#toldState.clear();
    try {
      const { devices, now_ms } = await fetchDevices();
      this.#clock(now_ms);
      for (const fetched of devices) {
        const told = { device: this.#toldDevice.has(fetched.id), state: this.#toldState.has(fetched.id) };
        this.#put(withFetched(this.devices.get(fetched.id), fetched, told));
      }
      this.loaded = true;
      this.problem = "";
      this.epoch += 1;
    } catch (error) {
      this.problem = error instanceof RequestError ? error.message : String(error);
    }
  }
}

export const live = new Live();

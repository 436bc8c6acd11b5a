// What the panel knows, kept up to date by one stream for all pages and shown once per frame.
import { computed, type Signal, signal } from "@preact/signals";
import { fetchDevices } from "./api/client";
import { openStream } from "./api/stream";
import type { DeviceView, StateEvent } from "./api/types";
import { hub } from "./hub";
import type { Connection } from "./lib/connection";
import { Mirror } from "./lib/mirror";

/** How often lists that depend on all devices are made anew. */
const LIST_EVERY_MS = 1000;

export class Live {
  readonly phase = signal<Connection["phase"]>("connecting");
  /** Why the last request for all devices failed; null when it did not. */
  readonly problem = signal<unknown>(null);
  /** Whether the devices were read at least once. */
  readonly loaded = signal(false);
  /** Raised whenever something may have been missed, so that a page reads its history again. */
  readonly epoch = signal(0);
  /** The hub's clock, once a second. */
  readonly now = signal(Date.now());
  /**
   * The hub's clock when it last spoke. Presence is judged by it: a hub that cannot be reached says nothing
   * about its devices, and must not make them look silent.
   */
  readonly known = signal(Date.now());
  /** The end of the present minute: what is read once a minute depends on it. */
  readonly minute = computed(() => Math.ceil(this.now.value / 60_000) * 60_000);
  /** Since when, by the hub's clock, nothing on the pages moves; null while they are live. */
  readonly pausedAt = signal<number | null>(null);
  /** All ids in the order to show them. */
  readonly ids = signal<readonly string[]>([]);
  /** Raised at most once a second when any device changed: for what depends on all of them. */
  readonly version = signal(0);

  #mirror = new Mirror();
  // A signal for each device that a page reads, so that one device's news draws nothing of another's.
  #cells = new Map<string, Signal<DeviceView | undefined>>();
  #stale = false;
  /** By the clock of the page; so that the first list waits for nothing, it begins long before the page. */
  #listedAt = -Infinity;
  #frame = 0;
  #offset = 0;
  #spoke = 0;
  #listeners = new Set<(event: StateEvent) => void>();
  #fetching = false;
  #again = false;

  /** Begins to listen. Gives the function that ends it. */
  start(): () => void {
    const timer = setInterval(() => this.#tick(), 1000);
    const stop = openStream({
      onDevice: (view) => {
        this.#spoke = this.clock();
        this.#mirror.device(view);
        this.#draw();
      },
      onState: (event) => this.#state(event),
      onForgotten: (id) => {
        this.#mirror.remove(id);
        this.#draw();
      },
      onSettings: (settings) => hub.tell(settings),
      onClock: (nowMs) => {
        this.#setClock(nowMs);
        if (this.#mirror.listed()) this.#complete();
      },
      onOpened: () => this.#mirror.opened(),
      onMissed: () => {
        void this.#refetch();
        // Until they can be read what was last told stands; the settings page asks for itself and says why not.
        hub.read().catch(() => undefined);
      },
      onPhase: (phase) => (this.phase.value = phase),
    });
    return () => {
      clearInterval(timer);
      cancelAnimationFrame(this.#frame);
      stop();
    };
  }

  /** The hub's clock at this moment; unlike `now` it makes nothing run again. */
  clock(): number {
    return Date.now() + this.#offset;
  }

  /** A device as it is shown now. */
  device(id: string): DeviceView | undefined {
    let cell = this.#cells.get(id);
    if (!cell) {
      cell = signal(this.#mirror.devices.get(id));
      this.#cells.set(id, cell);
    }
    return cell.value;
  }

  /** All devices, for lists: read `version` to be told when they changed. */
  all(): ReadonlyMap<string, DeviceView> {
    return this.#mirror.devices;
  }

  /** Calls `listener` with every state of every device. Gives the function that ends it. */
  onState(listener: (event: StateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Holds every page still, or lets it go on with the newest. */
  togglePause(): void {
    this.pausedAt.value = this.pausedAt.value === null ? this.clock() : null;
    if (this.pausedAt.value === null) this.#tick();
    this.#draw();
  }

  #state(event: StateEvent): void {
    this.#spoke = this.clock();
    if (!this.#mirror.state(event)) void this.#refetch();
    for (const listener of this.#listeners) listener(event);
    this.#draw();
  }

  /** Whatever came is shown with the next frame. A page that nobody sees has none until it is seen again. */
  #draw(): void {
    if (this.#frame === 0 && this.pausedAt.value === null)
      this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#frame = 0;
    if (this.pausedAt.value !== null) return;
    for (const id of this.#mirror.takeChanged()) {
      const cell = this.#cells.get(id);
      if (cell) cell.value = this.#mirror.devices.get(id);
      this.#stale = true;
    }
    const at = performance.now();
    if (this.#stale && at - this.#listedAt >= LIST_EVERY_MS) {
      this.#listedAt = at;
      this.#stale = false;
      // While a hub lists ten thousand devices each frame brings some: to sort them all each time would take longer.
      this.ids.value = this.#mirror.ids();
      this.version.value += 1;
    }
  }

  /** The devices are known as a whole. */
  #complete(): void {
    this.#listedAt = -Infinity;
    this.#stale = true;
    this.#flush();
    this.loaded.value = true;
    this.problem.value = null;
    this.epoch.value += 1;
  }

  #setClock(nowMs: number): void {
    this.#offset = nowMs - Date.now();
    this.#spoke = nowMs;
    this.#tick();
  }

  #tick(): void {
    if (this.pausedAt.value !== null) return;
    this.now.value = this.clock();
    this.known.value = this.#spoke;
    if (this.#stale) this.#draw();
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
    this.#mirror.asking();
    try {
      const { devices, now_ms } = await fetchDevices();
      this.#setClock(now_ms);
      this.#mirror.answered(devices);
      this.#complete();
    } catch (error) {
      this.problem.value = error;
    }
  }
}

export const live = new Live();

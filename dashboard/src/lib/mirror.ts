// What the panel knows of all devices, and which of them changed since the page last looked. No page is touched
// here: a thousand devices may speak within one frame, and each is shown once.
import type { DeviceView, StateEvent } from "../api/types";
import { byId, withFetched, withState } from "./views";

export class Mirror {
  readonly devices = new Map<string, DeviceView>();
  #ids: string[] | null = null;
  #changed = new Set<string>();
  // Which devices the stream has spoken of since the last request was sent, or since it was opened.
  #toldDevice = new Set<string>();
  #toldState = new Set<string>();
  /** Whether the stream is still listing the devices that there are. */
  #listing = false;

  /** All ids in the order to show them; the same array until a device comes or goes. */
  ids(): string[] {
    this.#ids ??= [...this.devices.keys()].sort(byId);
    return this.#ids;
  }

  /** What changed since this was last asked. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** The stream is new: it lists every device first. */
  opened(): void {
    this.#listing = true;
    this.#forgetTold();
  }

  /** The stream has listed every device: what it did not name is no more. Gives whether it was listing. */
  listed(): boolean {
    if (!this.#listing) return false;
    this.#listing = false;
    for (const id of this.devices.keys()) if (!this.#toldDevice.has(id)) this.remove(id);
    return true;
  }

  device(view: DeviceView): void {
    this.#toldDevice.add(view.id);
    this.#put(view);
  }

  /** Takes a state. Gives false when its device is not known: the panel then asks the hub. */
  state(event: StateEvent): boolean {
    this.#toldState.add(event.device);
    const view = this.devices.get(event.device);
    if (view) this.#put(withState(view, event));
    return view !== undefined;
  }

  /** A request is about to be sent: what the stream says from now on is newer than its answer. */
  asking(): void {
    this.#listing = false;
    this.#forgetTold();
  }

  /** Takes the answer to that request. */
  answered(devices: readonly DeviceView[]): void {
    const named = new Set(devices.map(({ id }) => id));
    for (const id of this.devices.keys()) {
      if (!named.has(id) && !this.#toldDevice.has(id)) this.remove(id);
    }
    for (const fetched of devices) {
      const told = { device: this.#toldDevice.has(fetched.id), state: this.#toldState.has(fetched.id) };
      this.#put(withFetched(this.devices.get(fetched.id), fetched, told));
    }
  }

  remove(id: string): void {
    if (!this.devices.delete(id)) return;
    this.#ids = null;
    this.#changed.add(id);
  }

  #put(view: DeviceView): void {
    if (!this.devices.has(view.id)) this.#ids = null;
    this.devices.set(view.id, view);
    this.#changed.add(view.id);
  }

  #forgetTold(): void {
    this.#toldDevice.clear();
    this.#toldState.clear();
  }
}

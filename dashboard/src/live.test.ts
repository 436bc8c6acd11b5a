import { afterEach, expect, it, vi } from "vitest";
import { device } from "./lib/sample";
import { live } from "./live";

class Source extends EventTarget {
  static last: Source;
  constructor() {
    super();
    Source.last = this;
  }
  close() {}
  say(name: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

afterEach(() => void vi.unstubAllGlobals());

it("knows all devices as soon as it says that it does, however early in the life of the page", () => {
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("requestAnimationFrame", () => 1);
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
  vi.spyOn(performance, "now").mockReturnValue(300);
  const stop = live.start();
  Source.last.dispatchEvent(new Event("open"));
  for (const id of ["roof", "attic"]) Source.last.say("device", device({ id }));
  expect(live.loaded.value).toBe(false);
  Source.last.say("ping", { now_ms: 5 });
  expect(live.loaded.value).toBe(true);
  expect(live.ids.value).toEqual(["attic", "roof"]);
  stop();
});

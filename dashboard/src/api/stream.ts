// The one EventSource of the panel, driven by the steps of lib/connection.
import { type Connection, connecting, type Happening, step } from "../lib/connection";
import { STREAM_URL } from "./client";
import type { DeviceView, ForgottenEvent, PingEvent, SettingsEvent, StateEvent } from "./types";

export interface StreamListener {
  onDevice(view: DeviceView): void;
  onState(event: StateEvent): void;
  /** Somebody had the hub forget a device. */
  onForgotten(device: string): void;
  /** What is set for the hub, first of all and after each change. */
  onSettings(settings: SettingsEvent): void;
  onClock(nowMs: number): void;
  /** The connection is new: every device comes as an event of its own, then the first ping. */
  onOpened(): void;
  /** Events were missed, or the stream cannot be had: read everything again. */
  onMissed(): void;
  onPhase(phase: Connection["phase"]): void;
}

/** Opens the stream and keeps it open. Gives the function that ends it. */
export function openStream(listener: StreamListener): () => void {
  let connection = connecting(performance.now());
  let source = connect();
  const timer = setInterval(() => advance("tick"), 1000);

  function advance(happening: Happening): void {
    const before = connection.phase;
    const [next, action] = step(connection, happening, performance.now());
    connection = next;
    if (next.phase !== before) listener.onPhase(next.phase);
    if (action === "close") source.close();
    else if (action === "reopen") source = connect();
    if (action === "close") listener.onMissed();
    else if (action === "begin") listener.onOpened();
  }

  function connect(): EventSource {
    const opened = new EventSource(STREAM_URL);
    const on = <T>(name: string, use: (data: T) => void) =>
      opened.addEventListener(name, (event) => {
        if (opened !== source) return;
        advance("heard");
        use(JSON.parse((event as MessageEvent<string>).data) as T);
      });
    opened.addEventListener("open", () => opened === source && advance("opened"));
    opened.addEventListener("error", () => opened === source && advance("failed"));
    on<DeviceView>("device", (view) => listener.onDevice(view));
    on<StateEvent>("state", (event) => listener.onState(event));
    on<ForgottenEvent>("forgotten", ({ device }) => listener.onForgotten(device));
    on<SettingsEvent>("settings", (settings) => listener.onSettings(settings));
    on<PingEvent>("ping", ({ now_ms }) => listener.onClock(now_ms));
    on<unknown>("lagged", () => listener.onMissed());
    // Nobody reads these, so they are not taken apart.
    opened.addEventListener("summary", () => opened === source && advance("heard"));
    return opened;
  }

  return () => {
    clearInterval(timer);
    source.close();
  };
}

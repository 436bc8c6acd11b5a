import { expect, it, vi } from "vitest";
import { hub } from "./hub";

const said = (raised: number) => ({
  minutes: { days: 30, source: "default" } as const,
  hours: { days: 730, source: "default" } as const,
  bands: { raised, high: 75, mark: 90 },
});
const answer = (raised: number, oldest_ms: number) => ({
  ...said(raised),
  minutes: { ...said(raised).minutes, oldest_ms },
  hours: { ...said(raised).hours, oldest_ms },
});

it("believes the stream where an answer was under way meanwhile", async () => {
  let arrive = (_: Response) => {};
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (arrive = resolve)));
  const first = hub.read();
  arrive(Response.json(answer(40, 7)));
  await first;
  expect(hub.bands.value.raised).toBe(40);

  const second = hub.read();
  hub.tell(said(60));
  expect(hub.settings.value?.minutes.oldest_ms).toBe(7);
  arrive(Response.json(answer(40, 8)));
  await second;
  expect(hub.bands.value.raised).toBe(60);
  expect(hub.settings.value?.minutes.oldest_ms).toBe(8);
});

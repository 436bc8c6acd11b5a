import { afterEach, expect, it, vi } from "vitest";
import { health } from "./health";

afterEach(() => vi.unstubAllGlobals());

async function told(answer: () => Promise<Response>): Promise<string | undefined> {
  vi.stubGlobal("fetch", answer);
  await health.ask();
  return health.trouble.value?.trouble.values.reason;
}

const problem = { title: "Service Unavailable", status: 503, detail: "store: the database does not answer" };
const unwell = () => Promise.resolve(new Response(JSON.stringify(problem), { status: 503 }));
const well = () => Promise.resolve(new Response(JSON.stringify({ ready: true })));

it("tells what the hub says until it says otherwise", async () => {
  expect(await told(unwell)).toBe("store: the database does not answer");
  expect(await told(well)).toBeUndefined();
});

it("leaves it to others that the hub does not answer, or lets nobody in", async () => {
  await told(unwell);
  expect(await told(() => Promise.reject(new TypeError("failed")))).toBeUndefined();
  await told(unwell);
  expect(await told(() => Promise.resolve(new Response("", { status: 401 })))).toBeUndefined();
});

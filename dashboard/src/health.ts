// Whether the hub does all of its work: live values go on while nothing of them can be stored.
import { signal } from "@preact/signals";
import { fetchReady, RequestError } from "./api/client";

const ASK_EVERY_MS = 10_000;
/** What the hub answers when it is there and something of it does not work. */
const NOT_READY = "503";

class Health {
  /** What the hub answers of itself; null when nothing is wrong, or the hub does not answer, which others tell. */
  readonly trouble = signal<RequestError | null>(null);

  /** Asks from now on while the page is seen. Gives the function that ends it. */
  start(): () => void {
    const ask = () => {
      if (!document.hidden) void this.ask();
    };
    const timer = setInterval(ask, ASK_EVERY_MS);
    document.addEventListener("visibilitychange", ask);
    ask();
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }

  async ask(): Promise<void> {
    try {
      await fetchReady();
      this.trouble.value = null;
    } catch (error) {
      const told = error instanceof RequestError && error.trouble.values.status === NOT_READY;
      this.trouble.value = told ? error : null;
    }
  }
}

export const health = new Health();

// Asks again and again, for pages that need no stream. What the connection is like, the mark in the bar says as elsewhere.
import { ConnectError } from "@connectrpc/connect";
import type { Clock } from "./clock";
import type { Connection } from "./connection";
import { backoff, isRecovering } from "./stream";

// Between two answers lies at least EVERY, and SHARE times as long as the last one took; at most LATEST, or the page would
// seem stale.
const EVERY = 1000;
const SHARE = 10;
const LATEST = 2500;

export class Poll {
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;

  // ask resolves to the server's time, in milliseconds.
  constructor(
    private readonly ask: () => Promise<number>,
    private readonly clock: Clock,
    private readonly connection: Connection,
  ) {
    document.addEventListener("visibilitychange", () => this.soon());
    addEventListener("online", () => this.soon());
    void this.again();
  }

  private soon(): void {
    if (document.hidden || this.asking) return;
    clearTimeout(this.timer);
    void this.again();
  }

  private async again(): Promise<void> {
    this.asking = true;
    const begun = performance.now();
    const pause = await this.once(begun);
    this.asking = false;
    // A page that nobody sees asks nothing; it does when it is shown.
    if (!document.hidden) this.timer = setTimeout(() => void this.again(), pause);
  }

  private async once(begun: number): Promise<number> {
    try {
      this.clock.sample(await this.ask());
      this.attempt = 0;
      this.connection.link = { kind: "open" };
      this.connection.frame();
      return Math.min(LATEST, Math.max(EVERY, SHARE * (performance.now() - begun)));
    } catch (thrown) {
      const recovering = isRecovering(ConnectError.from(thrown));
      this.attempt++;
      const pause = backoff(this.attempt);
      this.connection.link = { kind: "waiting", attempt: this.attempt, until: 0, stopping: false, recovering, reason: "" };
      return pause;
    }
  }
}

// Pause: both lists are held until one resumes, and it is told what arrived meanwhile. It stops arrival, not time.
import { Arrivals } from "./arrivals";
import type { Batch } from "./frame";
import type { Holding } from "./holding";
import { t } from "./texts";
import { clock } from "./times";

const REASON = "pause";

export class Pause {
  since = 0; // by the server's clock; 0: not paused
  private arrivals = new Arrivals();

  constructor(private readonly lists: readonly Holding[]) {}

  get on(): boolean {
    return this.since > 0;
  }

  // begin holds the lists as they are at a time.
  begin(now: number): void {
    this.since = now;
    this.arrivals = new Arrivals();
    for (const list of this.lists) list.keep(REASON, true);
  }

  end(): void {
    this.since = 0;
    this.arrivals = new Arrivals();
    for (const list of this.lists) list.keep(REASON, false);
  }

  // take counts what arrives. What was published before, and was on its way, is read back.
  take(batch: Batch): void {
    if (!this.on) return;
    this.arrivals.take(batch.previews.filter(({ message }) => message.published > this.since));
    for (const change of batch.changes) this.arrivals.changed(change);
    for (const range of batch.ended) this.arrivals.ended(range);
  }

  // says is the band: "Paused 14:32:07 · 412 arrived, 96 of them gone", or nothing so far. Empty when it is not paused.
  says(now: number): string {
    if (!this.on) return "";
    const { arrivals } = this;
    if (arrivals.count === 0) return t("live.pausedQuiet", { time: clock(this.since, now) });
    const gone = arrivals.gone(now);
    const values = { time: clock(this.since, now), arrived: arrivals.count, gone };
    return t(arrivals.exact || gone === 0 ? "live.paused" : "live.pausedAbout", values);
  }
}

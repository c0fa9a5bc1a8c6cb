// A tab that the hub serves, and what waits for it: batches go to it as fast as it takes them.
import type { Batch, Preview } from "./frame";
import type { LinkState } from "./stream";

// What a tab says, and what it is told.
export type FromTab =
  | { type: "hello"; scope: string; lock?: string | undefined; hidden: boolean }
  | { type: "alive" }
  | { type: "taken" }
  | { type: "hidden"; hidden: boolean }
  | { type: "online" }
  | { type: "bye" };
export type ToTab = { type: "batch"; batch: Batch } | { type: "state"; state: LinkState };

// Port is what a MessagePort, a worker's global scope and a test have in common.
export interface Port {
  postMessage(message: ToTab): void;
  onmessage: ((event: MessageEvent<FromTab>) => void) | null;
}

const MOST_UNTAKEN = 5; // batches under way to a tab: one that is busy gets fewer, larger ones
const MOST_PENDING = 300; // previews that wait for a tab; older ones count as left out
const MOST_TOLD = 10_000; // ends, or changes, that wait for a tab; of more it is told that there were some
const HIDDEN = 60_000; // until a hidden tab sleeps
const LOST = 150_000; // without a sign of life: hidden tabs speak once a minute at the least

export class Tab {
  readonly scope: string;
  asleep = false;
  private hiddenSince: number | undefined;
  private seen = Date.now();
  private untaken = 0;
  private waiting: Batch | undefined;
  private arrival = 0; // of its least delayed frame

  constructor(
    private readonly port: Port,
    { scope, hidden }: Extract<FromTab, { type: "hello" }>,
  ) {
    this.scope = scope;
    this.hide(hidden);
  }

  // check puts a tab to sleep that was hidden for long. True: it has fallen silent, and is lost.
  check(now: number): boolean {
    if (this.hiddenSince !== undefined && now - this.hiddenSince > HIDDEN) this.asleep = true;
    return now - this.seen > LOST;
  }

  // heard notes a sign of life.
  heard(): void {
    this.seen = Date.now();
  }

  hide(hidden: boolean): void {
    this.hiddenSince = hidden ? (this.hiddenSince ?? Date.now()) : undefined;
  }

  // wake has a tab that slept begin anew; false: it was awake.
  wake(): boolean {
    if (!this.asleep) return false;
    this.asleep = false;
    this.untaken = 0;
    this.waiting = undefined;
    return true;
  }

  // taken notes that the tab is done with a batch.
  taken(): void {
    this.untaken = Math.max(0, this.untaken - 1);
  }

  // batch is what waits for the tab, to be added to.
  get batch(): Batch {
    this.waiting ??= { serverTime: 0, age: 0, previews: [], ended: [], changes: [], incomplete: false };
    return this.waiting;
  }

  // time gives the batch the clock of a frame that arrived then, if that was less delayed than those before.
  time(serverTime: number, arrival: number): void {
    const { batch } = this;
    if (batch.serverTime !== 0 && serverTime - arrival <= batch.serverTime - this.arrival) return;
    batch.serverTime = serverTime;
    this.arrival = arrival;
  }

  // bound keeps what waits for a busy tab small: the oldest previews are left out, and counted.
  bound(): void {
    const { batch } = this;
    const excess = batch.previews.length - MOST_PENDING;
    if (excess > 0) {
      const dropped = batch.previews.splice(0, excess);
      const first = batch.previews[0] as Preview;
      const missed = dropped.reduce((sum, preview) => sum + preview.leftOut + (preview.recent ? 0 : 1), 0);
      batch.previews[0] = { ...first, leftOut: first.leftOut + missed };
    }
    if (batch.ended.length <= MOST_TOLD && batch.changes.length <= MOST_TOLD) return;
    batch.ended = [];
    batch.changes = [];
    batch.incomplete = true;
  }

  // flush sends what waits, if the tab keeps up.
  flush(): void {
    const batch = this.waiting;
    if (!batch || this.untaken >= MOST_UNTAKEN) return;
    this.waiting = undefined;
    this.untaken++;
    batch.age = performance.now() - this.arrival;
    this.tell({ type: "batch", batch });
  }

  tell(message: ToTab): void {
    this.port.postMessage(message);
  }
}

// The hub serves every tab of a browser from one stream: the union of what they look at, each its part, in batches.
import { type Batch, type Preview, type Stats, readChanges, readEnded, readHello, readPreviews, readStats } from "./frame";
import type { Hello } from "./frame";
import type { WatchResponse } from "./gen/linger/v1/watch_pb.js";
import { keyOf } from "./message";
import { matches } from "./names";
import { type LinkState, type Source, Stream } from "./stream";
import { type FromTab, type Port, Tab } from "./tab";

const MOST_SCOPES = 16; // of one stream, by the API
const SETTLE = 50; // for scopes to be gathered before the stream is opened anew
const UNUSED = 30_000; // until a scope that nobody shows any more is worth opening anew
const BATCH = 100; // between two batches to a tab
const KEPT = 100; // previews of a scope, for tabs that come later

// Scope is what the hub remembers of one scope, for a tab that joins while the stream is open.
interface Scope {
  recent: Preview[];
  stats: Stats | undefined;
  shown: number;
  unusedSince: number | undefined;
}

export class Hub {
  private readonly tabs = new Set<Tab>();
  private readonly scopes = new Map<string, Scope>();
  private readonly stream: Stream;
  private hello: Hello | undefined;
  private settling: ReturnType<typeof setTimeout> | undefined;
  private flushing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    source: Source,
    private readonly locks: LockManager | undefined = globalThis.navigator?.locks,
  ) {
    this.stream = new Stream(
      source,
      (frame, arrival) => this.take(frame, arrival),
      (state) => this.tell(state),
    );
  }

  // join serves one more tab. It is shown something once it has said what it looks at.
  join(port: Port): void {
    let tab: Tab | undefined;
    port.onmessage = ({ data }) => {
      if (data.type === "hello") {
        if (tab) this.leave(tab);
        tab = this.enter(port, data);
      } else if (tab) {
        this.hear(tab, data);
      }
    };
  }

  // check looks for tabs that have fallen silent or asleep, and for scopes nobody needs. Called every few seconds.
  check(now = Date.now()): void {
    for (const tab of this.tabs) {
      if (tab.check(now)) this.leave(tab);
    }
    this.settle();
  }

  private enter(port: Port, hello: Extract<FromTab, { type: "hello" }>): Tab {
    const tab = new Tab(port, hello);
    this.tabs.add(tab);
    // The tab holds this lock as long as it lives: getting it means that the tab is gone, however it went.
    if (hello.lock) void this.locks?.request(hello.lock, () => this.leave(tab));
    tab.tell({ type: "state", state: this.stateFor(tab, this.stream.state) });
    this.catchUp(tab);
    this.settle();
    return tab;
  }

  private hear(tab: Tab, said: FromTab): void {
    tab.heard();
    if (!this.tabs.has(tab)) {
      // It was given up for lost while its timers were frozen, and is back.
      this.tabs.add(tab);
      this.wake(tab);
    }
    switch (said.type) {
      case "taken":
        tab.taken();
        break;
      case "hidden":
        tab.hide(said.hidden);
        if (!said.hidden) this.wake(tab);
        break;
      case "online":
        this.stream.retry();
        break;
      case "bye":
        this.leave(tab);
        break;
    }
  }

  private wake(tab: Tab): void {
    this.stream.retry();
    if (!tab.wake()) return;
    this.catchUp(tab);
    this.settle();
  }

  private leave(tab: Tab): void {
    if (this.tabs.delete(tab)) this.settle();
  }

  // settle opens the stream for the scopes that are needed now, once no more changes come.
  private settle(): void {
    const awake = [...this.tabs].filter((tab) => !tab.asleep);
    if (awake.length === 0) {
      clearTimeout(this.settling);
      this.settling = undefined;
      if (this.stream.state.kind !== "asleep") this.stream.close();
      this.scopes.clear();
      return;
    }
    const wanted = this.wanted(awake);
    if (!this.mustOpen(wanted)) return;
    this.settling ??= setTimeout(() => {
      this.settling = undefined;
      this.open(this.wanted([...this.tabs].filter((tab) => !tab.asleep)));
    }, SETTLE);
  }

  private wanted(tabs: Tab[]): string[] {
    return [...new Set(tabs.map((tab) => tab.scope))].slice(0, MOST_SCOPES);
  }

  private mustOpen(wanted: string[]): boolean {
    if (this.stream.state.kind === "asleep" || wanted.some((scope) => !this.scopes.has(scope))) return true;
    const now = Date.now();
    let unused = false;
    for (const [name, scope] of this.scopes) {
      scope.unusedSince = wanted.includes(name) ? undefined : (scope.unusedSince ?? now);
      if (scope.unusedSince !== undefined && now - scope.unusedSince > UNUSED) unused = true;
    }
    return unused;
  }

  private open(wanted: string[]): void {
    if (wanted.length === 0 || this.tabs.size === 0) return;
    // Scopes that were left a moment ago stay if there is room: people go back and forth.
    for (const [name, scope] of this.scopes) {
      const fresh = scope.unusedSince === undefined || Date.now() - scope.unusedSince <= UNUSED;
      if (!wanted.includes(name) && (!fresh || wanted.length >= MOST_SCOPES)) this.scopes.delete(name);
      else if (!wanted.includes(name)) wanted.push(name);
    }
    for (const name of wanted) {
      const scope = this.scopes.get(name);
      if (scope) scope.shown = 0;
      else this.scopes.set(name, { recent: [], stats: undefined, shown: 0, unusedSince: undefined });
    }
    this.stream.open(wanted);
  }

  // catchUp gives a tab that joins an open stream what the others were given before.
  private catchUp(tab: Tab): void {
    const scope = this.scopes.get(tab.scope);
    if (this.stream.state.kind !== "open" || !this.hello) return;
    const { batch } = tab;
    batch.hello = this.hello;
    if (!scope) return;
    batch.previews = scope.recent.map((preview) => ({ ...preview, leftOut: 0, recent: true }));
    batch.stats = scope.stats;
    // What ended or changed between is not told again.
    batch.incomplete = true;
  }

  private take(frame: WatchResponse, arrival: number): void {
    if (frame.hello) this.greet(readHello(frame.hello));
    const at = Number(frame.serverTime?.seconds ?? 0n) * 1000 + (frame.serverTime?.nanos ?? 0) / 1e6;
    const previews = this.sort(frame);
    const stats = this.count(frame, at);
    const ended = readEnded(frame);
    const changes = readChanges(frame);
    for (const tab of this.tabs) {
      if (tab.asleep) continue;
      const { batch } = tab;
      tab.time(at, arrival);
      if (frame.hello) batch.hello = this.hello;
      if (frame.server) {
        const { watchers, subscriptions, topics, exposed, clockDriftMs, store } = frame.server;
        batch.health = { watchers, subscriptions, topics, exposed, drift: Number(clockDriftMs), store: { problem: store?.problem ?? "", state: store?.state ?? 0, values: store?.values ?? {} } };
      }
      if (frame.incomplete) batch.incomplete = true;
      batch.previews.push(...(previews.get(tab.scope) ?? []));
      batch.ended.push(...ended.filter((range) => matches(tab.scope, range.topic)));
      batch.changes.push(...changes.filter((change) => matches(tab.scope, change.topic)));
      batch.stats = stats.get(tab.scope) ?? batch.stats;
      tab.bound();
    }
    this.flushSoon();
  }

  // greet learns which server and store this is; what is remembered of another store is of no use.
  private greet(hello: Hello): void {
    if (this.hello && this.hello.store !== hello.store) for (const scope of this.scopes.values()) scope.recent = [];
    this.hello = hello;
  }

  // sort tells the frame's previews apart by scope, and leaves out what was shown before the stream was opened anew.
  private sort(frame: WatchResponse): Map<string, Preview[]> {
    const byScope = new Map<string, Preview[]>();
    for (const { scope: index, preview } of readPreviews(frame)) {
      const name = this.stream.scopes[index];
      const scope = name === undefined ? undefined : this.scopes.get(name);
      if (name === undefined || !scope) continue;
      if (!preview.recent) scope.shown++;
      const key = keyOf(preview.message);
      if (scope.recent.some((known) => keyOf(known.message) === key)) continue;
      scope.recent.push(preview);
      if (scope.recent.length > KEPT) scope.recent.shift();
      byScope.set(name, [...(byScope.get(name) ?? []), preview]);
    }
    return byScope;
  }

  private count(frame: WatchResponse, at: number): Map<string, Stats> {
    const byScope = new Map<string, Stats>();
    for (const wire of frame.stats) {
      const name = this.stream.scopes[wire.scope];
      const scope = name === undefined ? undefined : this.scopes.get(name);
      if (name === undefined || !scope) continue;
      scope.stats = readStats(wire, at, this.stream.epoch, scope.shown);
      byScope.set(name, scope.stats);
    }
    return byScope;
  }

  private tell(state: LinkState): void {
    for (const tab of this.tabs) {
      tab.flush();
      tab.tell({ type: "state", state: this.stateFor(tab, state) });
    }
  }

  // stateFor is the stream's state as it is for one tab: a scope that no longer fits has none.
  private stateFor(tab: Tab, state: LinkState): LinkState {
    const { scopes } = this.stream;
    return scopes.length >= MOST_SCOPES && !scopes.includes(tab.scope) ? { kind: "crowded" } : state;
  }

  private flushSoon(): void {
    this.flushing ??= setTimeout(() => {
      this.flushing = undefined;
      for (const tab of this.tabs) tab.flush();
    }, BATCH);
  }
}

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { timestamp } from "./api";
import { StoreState, type WatchResponse, WatchResponseSchema } from "./gen/linger/v1/watch_pb.js";
import { Hub } from "./hub";
import type { FromTab, Port, ToTab } from "./tab";

// Server stands in for the watch: it notes who asked for what and sends what the test says.
class Server {
  asked: string[][] = [];
  open = 0;
  private send: ((frame: WatchResponse) => void) | undefined;
  private fail: ((error: Error) => void) | undefined;

  source = (scopes: string[], signal: AbortSignal): AsyncIterable<WatchResponse> => {
    this.asked.push(scopes);
    const frames: WatchResponse[] = [];
    let wake = () => {};
    let error: Error | undefined;
    this.open++;
    this.send = (frame) => (frames.push(frame), wake());
    this.fail = (reason) => ((error = reason), wake());
    signal.addEventListener("abort", () => ((error = new Error("aborted")), wake()));
    const server = this;
    return (async function* () {
      try {
        for (;;) {
          while (frames.length > 0) yield frames.shift() as WatchResponse;
          if (error) throw error;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        server.open--;
      }
    })();
  };

  say(frame: Omit<Parameters<typeof create<typeof WatchResponseSchema>>[1] & object, "$typeName">): void {
    this.send?.(create(WatchResponseSchema, { serverTime: timestamp(1_000_000), ...frame }));
  }
  break(reason: Error = new Error("lost")): void {
    this.fail?.(reason);
  }
}

class Tab implements Port {
  told: ToTab[] = [];
  onmessage: ((event: MessageEvent<FromTab>) => void) | null = null;
  postMessage(message: ToTab): void {
    this.told.push(message);
  }
  say(said: FromTab): void {
    this.onmessage?.({ data: said } as MessageEvent<FromTab>);
  }
  get batches() {
    return this.told.flatMap((told) => (told.type === "batch" ? [told.batch] : []));
  }
  get states() {
    return this.told.flatMap((told) => (told.type === "state" ? [told.state.kind] : []));
  }
}

const settle = async (ms: number) => {
  for (let i = 0; i < ms; i += 10) {
    mock.timers.tick(10);
    for (let j = 0; j < 8; j++) await Promise.resolve();
  }
};
const hello = { hello: { store: "s", server: "1", startTime: timestamp(0), version: "v", durability: 1, watchers: 1 } };
const preview = (scope: number, topic: string, sequence: bigint, leftOutBefore = 0n) => ({
  scope,
  leftOutBefore,
  recent: false,
  message: { topic, sequence, incarnation: 7n, publishTime: timestamp(999_000), expireTime: timestamp(1_030_000), dataSize: 0n, deliveries: 0 },
});

async function world(run: (hub: Hub, server: Server, join: (scope: string) => Tab) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const server = new Server();
  const hub = new Hub(server.source, undefined);
  const join = (scope: string) => {
    const tab = new Tab();
    hub.join(tab);
    tab.say({ type: "hello", scope, hidden: false });
    return tab;
  };
  try {
    await run(hub, server, join);
  } finally {
    mock.timers.reset();
  }
}

test("all tabs share one stream of all their scopes", () =>
  world(async (_, server, join) => {
    join(">");
    join("a");
    join("a");
    await settle(100);
    assert.deepEqual(server.asked, [[">", "a"]]);
    assert.equal(server.open, 1);
  }));

test("what is wrong with the store is told", () =>
  world(async (_, server, join) => {
    const tab = join(">");
    await settle(100);
    server.say(hello);
    server.say({ server: { store: { state: StoreState.NEARLY_FULL, problem: "The store is nearly full.", values: { used: "9" } } } });
    await settle(200);
    assert.deepEqual(tab.batches.at(-1)?.health?.store, { problem: "The store is nearly full.", state: StoreState.NEARLY_FULL, values: { used: "9" } });
    server.say({ server: { store: { state: StoreState.READ_ONLY, problem: "The disk failed." } } });
    await settle(200);
    assert.deepEqual(tab.batches.at(-1)?.health?.store, { problem: "The disk failed.", state: StoreState.READ_ONLY, values: {} });
    server.say({ server: { store: { state: StoreState.SOUND } } });
    await settle(200);
    assert.deepEqual(tab.batches.at(-1)?.health?.store, { problem: "", state: StoreState.SOUND, values: {} });
  }));

test("a server that recovers is not one that stopped", () =>
  world(async (_, server, join) => {
    const tab = join(">");
    await settle(100);
    server.say(hello);
    await settle(100);
    server.break(new ConnectError("server stopping", Code.Unavailable));
    await settle(100);
    await settle(300);
    server.break(new ConnectError("the server is recovering: 34 % of the store has been read, in 2s", Code.Unavailable));
    await settle(100);
    const waits = tab.told.flatMap((told) => (told.type === "state" && told.state.kind === "waiting" ? [told.state] : []));
    assert.deepEqual(
      waits.map(({ stopping, recovering }) => ({ stopping, recovering })),
      [
        { stopping: true, recovering: false },
        { stopping: false, recovering: true },
      ],
    );
  }));

test("each tab gets its scope's part, in a batch and not per message", () =>
  world(async (_, server, join) => {
    const all = join(">");
    const one = join("a");
    await settle(100);
    server.say(hello);
    for (let i = 1n; i <= 20n; i++) server.say({ previews: [preview(0, i % 2n ? "a" : "b", i), ...(i % 2n ? [preview(1, "a", i)] : [])] });
    server.say({ ended: [{ topic: "b", incarnation: 7n, firstSequence: 1n, lastSequence: 4n, reason: 1, deliveries: 1 }] });
    await settle(150);
    assert.ok(all.batches.length <= 3);
    assert.equal(all.batches.flatMap((b) => b.previews).length, 20);
    assert.equal(one.batches.flatMap((b) => b.previews).length, 10);
    assert.equal(all.batches.flatMap((b) => b.ended).length, 1);
    assert.equal(one.batches.flatMap((b) => b.ended).length, 0);
    assert.equal(one.batches[0]?.hello?.store, "s");
  }));

test("a new scope opens the stream anew, one that is left keeps it as it is for a while", () =>
  world(async (_, server, join) => {
    const first = join(">");
    await settle(100);
    server.say(hello);
    await settle(10);
    const second = join("b");
    await settle(100);
    assert.deepEqual(server.asked, [[">"], [">", "b"]]);
    assert.equal(server.open, 1);
    second.say({ type: "bye" });
    await settle(1000);
    assert.equal(server.asked.length, 2);
    first.say({ type: "bye" });
    await settle(100);
    assert.equal(server.open, 0);
  }));

test("a tab that joins later is given what came before it", () =>
  world(async (_, server, join) => {
    join(">");
    await settle(100);
    server.say({ ...hello, previews: [preview(0, "a", 1n)] });
    await settle(150);
    const late = join(">");
    await settle(200);
    server.say({});
    await settle(150);
    assert.equal(server.asked.length, 1);
    const [batch] = late.batches;
    assert.equal(batch?.previews[0]?.recent, true);
    assert.equal(batch?.hello?.server, "1");
    assert.equal(batch?.incomplete, true);
  }));

test("one scope too many is told so and does not hang", () =>
  world(async (_, server, join) => {
    const tabs = Array.from({ length: 17 }, (_, i) => join(`t${i}`));
    await settle(100);
    server.say(hello);
    await settle(20);
    assert.equal(server.asked.at(-1)?.length, 16);
    assert.equal(tabs[0]?.states.at(-1), "open");
    assert.equal(tabs[16]?.states.at(-1), "crowded");
    tabs[3]?.say({ type: "bye" });
    await settle(100);
    server.say(hello);
    await settle(20);
    assert.equal(tabs[16]?.states.at(-1), "open");
  }));

test("a lost stream is opened again with growing waits, at once when the browser comes online", () =>
  world(async (_, server, join) => {
    const tab = join(">");
    await settle(100);
    server.break();
    await settle(20);
    assert.equal(tab.states.at(-1), "waiting");
    await settle(300);
    assert.equal(server.asked.length, 2);
    server.break();
    await settle(20);
    tab.say({ type: "online" });
    await settle(20);
    assert.equal(server.asked.length, 3);
    server.say(hello);
    await settle(20);
    assert.equal(tab.states.at(-1), "open");
  }));

test("a silent stream counts as lost", () =>
  world(async (_, server, join) => {
    join(">");
    await settle(100);
    server.say(hello);
    await settle(8600);
    assert.equal(server.asked.length, 2);
  }));

test("hidden tabs sleep after a minute and are up to date when they are seen again", () =>
  world(async (hub, server, join) => {
    const tab = join(">");
    await settle(100);
    server.say(hello);
    tab.say({ type: "hidden", hidden: true });
    await settle(7000);
    assert.equal(server.open, 1);
    mock.timers.tick(55_000);
    hub.check();
    await settle(50);
    assert.equal(server.open, 0);
    assert.equal(tab.states.at(-1), "asleep");
    const before = server.asked.length;
    tab.say({ type: "hidden", hidden: false });
    await settle(100);
    assert.equal(server.asked.length, before + 1);
  }));

test("a tab without a sign of life is given up", () =>
  world(async (hub, server, join) => {
    join(">");
    await settle(100);
    mock.timers.tick(151_000);
    hub.check();
    await settle(20);
    assert.equal(server.open, 0);
  }));

test("a busy tab gets fewer, larger batches, and what it cannot hold is counted", () =>
  world(async (_, server, join) => {
    const tab = join(">");
    await settle(100);
    server.say(hello);
    for (let i = 1n; i <= 1000n; i++) {
      server.say({ previews: [preview(0, "a", i)] });
      if (i % 10n === 0n) await settle(110);
    }
    const untaken = tab.batches.length;
    assert.ok(untaken <= 6, `${untaken}`);
    for (let i = 0; i < untaken; i++) tab.say({ type: "taken" });
    server.say({});
    await settle(150);
    const previews = tab.batches.flatMap((batch) => batch.previews);
    assert.ok(previews.length < 500);
    assert.equal(previews.reduce((sum, p) => sum + 1 + p.leftOut, 0), 1000);
  }));

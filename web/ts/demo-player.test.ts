import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, timestamp } from "./api";
import { LENGTH, STEPS } from "./demo";
import { DemoPlayer } from "./demo-player";
import { millis } from "./message";

// Server keeps what the demo sends, by a clock that the test sets.
class Server {
  now = 1_000_000;
  topics = new Map<string, Array<{ expires: number; text: string; attributes: unknown }>>();
  deleted: string[] = [];
  listening = 0;
  hello: Promise<void> = Promise.resolve(); // until then a subscription does not stand
  refuse: ConnectError | undefined;

  alive(name: string): number {
    return (this.topics.get(name) ?? []).filter(({ expires }) => expires > this.now).length;
  }

  api(): Api {
    const publish = async (request: { batches: Array<{ topic: string; ttl: { seconds: bigint }; messages: Array<{ data: Uint8Array; attributes: unknown }> }> }) => {
      if (this.refuse) throw this.refuse;
      return {
        results: request.batches.map(({ topic, ttl, messages: [message] }) => {
          const list = this.topics.get(topic) ?? [];
          const expires = this.now + Number(ttl.seconds) * 1000;
          list.push({ expires, text: new TextDecoder().decode(message?.data), attributes: message?.attributes });
          this.topics.set(topic, list);
          return { firstSequence: BigInt(list.length), expireTime: timestamp(expires) };
        }),
      };
    };
    const setExpireTime = async (request: { topic: string; sequence: bigint; expireTime: never; expectedExpireTime: never }) => {
      const message = this.topics.get(request.topic)?.[Number(request.sequence) - 1];
      if (!message || message.expires !== millis(request.expectedExpireTime)) throw new ConnectError("changed", Code.FailedPrecondition);
      message.expires = millis(request.expireTime);
      return { expireTime: request.expireTime };
    };
    const getTopic = async ({ name }: { name: string }) => {
      const list = this.topics.get(name);
      if (!list) throw new ConnectError("none", Code.NotFound);
      return { topic: { stats: { published: BigInt(list.length), retained: BigInt(this.alive(name)), passing: 0n } } };
    };
    const deleteTopic = async ({ name }: { name: string }) => {
      this.topics.delete(name);
      this.deleted.push(name);
    };
    const subscribe = async function* (this: Server, _: unknown, { signal }: { signal: AbortSignal }) {
      this.listening++;
      await this.hello;
      yield {};
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      this.listening--;
    }.bind(this);
    return { publish: { publish }, retained: { setExpireTime }, topics: { getTopic, deleteTopic }, subscribe: { subscribe } } as unknown as Api;
  }
}

let server: Server;
let kept: Map<string, string>;
let player: DemoPlayer;

const open = () =>
  new DemoPlayer(server.api(), () => server.now, {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });

// pass lets time go by, a tick each half second.
async function pass(ms: number): Promise<void> {
  for (const end = server.now + ms; server.now < end; ) {
    server.now += Math.min(500, end - server.now);
    player.tick();
    await player.idle();
  }
}

beforeEach(() => {
  server = new Server();
  kept = new Map();
  player = open();
});

test("it plays for a minute, ends by itself and leaves nothing", async () => {
  player.tick();
  assert.deepEqual(player.state, { kind: "none" });
  player.begin();
  await player.idle();
  assert.equal(server.listening, 1);
  assert.deepEqual(server.topics.get("demo.weather")?.[0]?.attributes, { demo: "true" });
  await pass(19_000);
  assert.deepEqual(player.state, { kind: "playing", left: 41_000 });
  assert.equal(server.alive("demo.weather"), 10);
  await pass(41_000);
  assert.equal(server.listening, 0);
  const sent = [...server.topics.values()].reduce((sum, list) => sum + list.length, 0);
  assert.equal(sent, STEPS.filter(({ kind }) => kind === "publish").length);
  const ends = [...server.topics.values()].flat().map(({ expires }) => expires);
  assert.deepEqual(player.state, { kind: "over", left: Math.max(...ends) - server.now, problem: "" });
  const orders = server.topics.get("demo.orders") ?? [];
  assert.equal((orders[3]?.expires ?? 0) - (orders[2]?.expires ?? 0), 33_000);
  assert.ok((orders[5]?.expires ?? Infinity) < (orders[4]?.expires ?? 0) - 50_000);
  await pass(92_000);
  assert.deepEqual(player.state, { kind: "none" });
  assert.deepEqual(server.deleted.sort(), ["demo.codes", "demo.orders", "demo.weather"]);
  assert.equal(kept.size, 0);
});

test("stopped, it expires what it sent and deletes its topics", async () => {
  player.begin();
  await pass(15_000);
  player.stop();
  assert.deepEqual(player.state, { kind: "none" });
  await player.idle();
  for (const name of server.topics.keys()) assert.equal(server.alive(name), 0, name);
  await pass(1000);
  assert.equal(server.topics.size, 0);
});

test("a topic to which somebody else published stays", async () => {
  player.begin();
  await pass(5000);
  server.topics.get("demo.orders")?.push({ expires: server.now + 1000, text: "not the demo's", attributes: {} });
  player.stop();
  await pass(5000);
  assert.deepEqual([...server.topics.keys()], ["demo.orders"]);
});

test("a topic in which somebody keeps a message waits for it", async () => {
  player.begin();
  await pass(5000);
  const [first] = server.topics.get("demo.weather") ?? [];
  if (first) first.expires += 300_000;
  player.stop();
  await pass(60_000);
  assert.deepEqual([...server.topics.keys()], ["demo.weather"]);
  await pass(300_000);
  assert.equal(server.topics.size, 0);
});

test("the tab's next page goes on where the last one was", async () => {
  player.begin();
  await pass(20_000);
  const before = server.topics.get("demo.weather")?.length ?? 0;
  player = open();
  assert.equal(player.state.kind, "playing");
  await pass(2000);
  assert.equal(server.topics.get("demo.weather")?.length, before + 1);
  player = open();
  await pass(LENGTH + 120_000);
  assert.equal(server.topics.size, 0);
});

test("a server that refuses ends it, with its words", async () => {
  player.begin();
  await pass(4000);
  server.refuse = new ConnectError("the server is full", Code.ResourceExhausted);
  await pass(4000);
  const { state } = player;
  assert.ok(state.kind === "over" && state.problem === "The server is full." && state.left > 0);
  assert.equal(server.listening, 0);
});

test("nothing is published before somebody listens", async () => {
  let hello = () => {};
  server.hello = new Promise((resolve) => (hello = resolve));
  player.begin();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(server.listening, 1);
  assert.equal(server.topics.size, 0);
  hello();
  await player.idle();
  assert.equal(server.topics.get("demo.weather")?.length, 1);
});

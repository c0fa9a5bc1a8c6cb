import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitRule } from "./gen/linger/v1/topic_pb.js";
import { type Room, RoomLine, meets, nearly } from "./room";

const room = (more: Partial<Room>): Room => ({
  messages: 0, maxMessages: 0, bytes: 0, maxBytes: 0, rule: LimitRule.REJECT, next: 0, ...more,
});

test("a topic is nearly full from nine tenths of either limit", () => {
  assert.equal(nearly(room({ messages: 1e9, bytes: 1e12 })), "");
  assert.equal(nearly(room({ messages: 8999, maxMessages: 10_000 })), "");
  assert.equal(nearly(room({ messages: 9000, maxMessages: 10_000 })), "90 % of 10,000 messages");
  assert.equal(nearly(room({ messages: 9000, maxMessages: 10_000, bytes: 99, maxBytes: 100 })), "99 % of 100 B");
});

test("what a publish meets at the limit is what the topic's rule says", () => {
  assert.equal(meets(room({ messages: 9999, maxMessages: 10_000 }), 5), "");
  const full = { messages: 10_000, maxMessages: 10_000, next: 10 };
  assert.match(meets(room(full), 5), /^full: rejected until \d\d:\d\d:\d\d$/);
  assert.equal(meets(room(full), 11), "full: rejected for now");
  assert.equal(meets(room({ ...full, rule: LimitRule.EVICT_OLDEST }), 5), "full: the oldest makes room for each new one");
  assert.equal(meets(room({ ...full, rule: LimitRule.EVICT_SOONEST }), 5), "full: the next to go makes room for each new one");
  assert.equal(meets(room({ bytes: 100, maxBytes: 100 }), 5), "full: rejected for now");
});

test("the chip of a page's topic stays while another is typed", async () => {
  const shown: Record<string, { hidden: boolean; textContent: string }> = {};
  const querySelector = (id: string) => (shown[id] ??= { hidden: true, textContent: "" });
  Object.assign(globalThis, { document: { querySelector }, Text: class {} });
  const full = { policy: { maxMessages: 10n, atLimit: LimitRule.REJECT }, stats: { retained: 10n } };
  const line = new RoomLine({ topics: { getTopic: async () => ({ topic: full }) } } as never, "small", () => 0);
  await new Promise((done) => setTimeout(done));
  const says = () => [shown["#nearly"]?.textContent, shown["#room"]?.textContent];
  assert.deepEqual(says(), ["100 % of 10 messages", "full: rejected for now"]);
  line.at("other", undefined);
  assert.deepEqual(says(), ["100 % of 10 messages", ""]);
  line.follow({ retained: 9, bytes: 0, next: 0, topics: 1 } as never);
  assert.deepEqual(says(), ["90 % of 10 messages", ""]);
  line.at("small", full as never);
  assert.deepEqual(says(), ["100 % of 10 messages", "full: rejected for now"]);
  line.follow({ retained: 9, bytes: 0, next: 0, topics: 1 } as never);
  assert.deepEqual(says(), ["90 % of 10 messages", ""]);
});

test("a full topic of another page is looked at now and then, and when its next message should be gone", () => {
  Object.assign(globalThis, { document: { querySelector: () => null } });
  let now = 1000;
  let asked = 0;
  const topics = { getTopic: () => (asked++, new Promise(() => undefined)) };
  const line = (next: number, retained: bigint) => {
    const it = new RoomLine({ topics } as never, "", () => now);
    it.at("small", { policy: { maxMessages: 10n, atLimit: LimitRule.REJECT }, stats: { retained, nextExpireTime: { seconds: BigInt(next), nanos: 0 } } } as never);
    asked = 0;
    return () => (it.tick(), asked);
  };
  const long = line(3600, 10n);
  assert.equal(long(), 0);
  now += 5001;
  assert.equal(long(), 1);
  assert.equal(long(), 1, "one question at a time");

  const soon = line(8, 10n); // 2 s from now
  now += 2900;
  assert.equal(soon(), 0);
  now += 200;
  assert.equal(soon(), 1);

  const room = line(8, 9n);
  now += 10_000;
  assert.equal(room(), 0);
});

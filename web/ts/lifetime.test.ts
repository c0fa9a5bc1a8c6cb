import assert from "node:assert/strict";
import { test } from "node:test";
import type { Api } from "./api";
import { millis } from "./message";
import { GRACE } from "./going";
import { Lifetime, extension } from "./lifetime";
import type { Entry } from "./retained";
import type { Message } from "./message";

const NOW = 1_000_000;

function entry(expires: number, more: Partial<Message> = {}): Entry {
  const message: Message = {
    topic: "t", incarnation: "1", sequence: 42, published: NOW - 1000, expires, granted: 30_000, maxExpires: NOW + 3_600_000,
    deliveries: 0, key: "", attributes: [], body: { note: false, text: "", cut: "" }, ...more,
  };
  return { message, end: undefined, born: 0 };
}

// server keeps one deadline, and refuses what expects another.
function server(deadline: number, clock = { now: NOW + 0.4 }) {
  const calls: Array<{ expire: number; expected: number }> = [];
  const state = { deadline };
  const retained = {
    async setExpireTime(request: { expireTime: never; expectedExpireTime: never }) {
      const [expire, expected] = [millis(request.expireTime), millis(request.expectedExpireTime)];
      calls.push({ expire, expected });
      if (expected !== state.deadline) throw new Error("its deadline is another one");
      state.deadline = expire;
      return { expireTime: request.expireTime };
    },
  };
  const told: string[] = [];
  const lifetime = new Lifetime(
    { retained } as unknown as Pick<Api, "retained">,
    () => clock.now,
    (moved, expires) => (moved.message.expires = expires),
    { say: (text) => told.push(text), refuse: (text) => told.push(`refused: ${text}`) },
  );
  return { lifetime, calls, state, told };
}

test("Expire leaves five seconds, and Undo sets the old deadline back", async () => {
  const e = entry(NOW + 60_000);
  const { lifetime, calls, state } = server(e.message.expires);
  await lifetime.expire(e);
  assert.ok(lifetime.isGoing(e));
  assert.equal(state.deadline, NOW + GRACE);
  await lifetime.expire(e); // pressed twice
  assert.equal(calls.length, 1);
  assert.equal(lifetime.undoable, e);
  await lifetime.undo(e);
  assert.ok(!lifetime.isGoing(e));
  assert.deepEqual(calls, [
    { expire: NOW + GRACE, expected: NOW + 60_000 },
    { expire: NOW + 60_000, expected: NOW + GRACE },
  ]);
  assert.equal(lifetime.undoable, undefined);
});

test("what has gone is not taken back, although nobody said that it ended", async () => {
  const e = entry(NOW + 60_000);
  const clock = { now: NOW };
  const { lifetime } = server(e.message.expires, clock);
  await lifetime.expire(e);
  clock.now = NOW + GRACE - 1;
  assert.equal(lifetime.undoable, e);
  clock.now = NOW + GRACE;
  assert.equal(lifetime.undoable, undefined);
});

test("what goes sooner by itself keeps its deadline", async () => {
  const e = entry(NOW + 3000);
  const { lifetime, calls } = server(e.message.expires);
  await lifetime.expire(e);
  assert.ok(lifetime.isGoing(e));
  assert.deepEqual(calls, []);
  assert.equal(lifetime.undoable, undefined);
});

test("Undo takes back the last Expire first, and none whose deadline somebody else has changed since", async () => {
  const [first, second] = [entry(NOW + 60_000), entry(NOW + 60_000, { sequence: 43 })];
  const { lifetime, state } = server(NOW + 60_000);
  await lifetime.expire(first);
  state.deadline = NOW + 60_000; // the other message's
  await lifetime.expire(second);
  assert.equal(lifetime.undoable, second);
  await lifetime.undo(second);
  assert.ok(!lifetime.isGoing(second) && lifetime.isGoing(first));
  first.message.expires = NOW + 90_000;
  assert.equal(lifetime.undoable, undefined);
});

test("with Shift it ends at once", async () => {
  const e = entry(NOW + 60_000);
  const { lifetime, state } = server(e.message.expires);
  await lifetime.end(e);
  assert.equal(state.deadline, NOW);
  assert.ok(!lifetime.isGoing(e));
});

test("a change that is refused is told, and changes nothing here", async () => {
  const e = entry(NOW + 60_000);
  const { lifetime, told } = server(NOW + 70_000);
  await lifetime.expire(e);
  assert.ok(!lifetime.isGoing(e));
  assert.equal(e.message.expires, NOW + 60_000);
  assert.match(told.join(), /^refused: /);
});

test("nothing is extended beyond the policy's maximum", async () => {
  const e = entry(NOW + 60_000, { maxExpires: NOW + 100_000 });
  const { lifetime, state } = server(e.message.expires);
  assert.equal(extension(e.message, 3_600_000), 40_000);
  await lifetime.extend(e);
  assert.equal(state.deadline, NOW + 90_000);
  await lifetime.until(e, NOW + 7_200_000);
  assert.equal(state.deadline, NOW + 100_000);
  await lifetime.extend(e);
  assert.equal(state.deadline, NOW + 100_000);
});

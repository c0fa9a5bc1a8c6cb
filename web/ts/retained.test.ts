import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ended, Preview } from "./frame";
import { type Message, keyOf } from "./message";
import { Retained, WINDOW } from "./retained";

function message(sequence: number, expires: number, more: Partial<Message> = {}): Message {
  const base = { topic: "t", incarnation: "1", sequence, published: 0, expires, granted: expires, maxExpires: 0 };
  return { ...base, deliveries: 0, key: "", attributes: [], body: { note: false, text: `m${sequence}`, cut: "" }, ...more };
}
const born = (m: Message): Preview => ({ message: m, leftOut: 0, recent: false });
const gone = (first: number, last = first, more: Partial<Ended> = {}): Ended => ({
  topic: "t", incarnation: "1", first, last, reason: 1, at: 500, deliveries: 2, ...more,
});
const sequences = (r: Retained) => r.entries.map((e) => e.message.sequence);

function filled(...messages: Message[]): Retained {
  const r = new Retained();
  r.begin();
  r.replace(messages, Infinity, 0);
  return r;
}

test("births take their place by deadline", () => {
  const r = filled(message(1, 3000), message(2, 9000));
  r.born(born(message(3, 5000)), 10);
  r.born(born(message(4, 1000)), 10);
  assert.deepEqual(sequences(r), [4, 1, 3, 2]);
  assert.equal(r.next, 1000);
});

test("a birth told twice, dead on arrival or now-or-never is not listed", () => {
  const r = filled(message(1, 3000));
  r.born(born(message(1, 3000)), 10);
  r.born(born(message(2, 5)), 10);
  r.born(born(message(3, 0)), 10);
  assert.deepEqual(sequences(r), [1]);
});

test("the page's own clock ends what is past its deadline", () => {
  const r = filled(message(1, 1000), message(2, 2000));
  assert.deepEqual(r.expire(999), []);
  const [dead] = r.expire(1000);
  assert.equal(dead?.message.sequence, 1);
  assert.deepEqual(dead?.end, { at: 1000, reason: 0, deliveries: undefined });
  r.ended(gone(1), 1100);
  assert.equal(dead?.end?.deliveries, 2);
  r.born(born(message(1, 9000)), 1200);
  assert.deepEqual(sequences(r), [2]);
});

test("what went by its deadline comes back when the server says that it was moved in time", () => {
  const r = filled(message(1, 1000), message(2, 2000), message(3, 1000));
  const [first] = r.expire(1000);
  r.ended(gone(3), 1001);
  r.changed({ topic: "t", incarnation: "1", sequence: 1, expires: 9000, previous: 1000 }, 1002);
  r.changed({ topic: "t", incarnation: "1", sequence: 3, expires: 9000, previous: 1000 }, 1002);
  assert.deepEqual(sequences(r), [2, 1]);
  assert.equal(first?.end, undefined);
});

test("an ended range takes those within, of that topic and incarnation", () => {
  const r = filled(message(1, 1000), message(2, 2000), message(3, 3000), message(2, 2000, { topic: "u" }));
  const entry = r.get(keyOf(message(2, 0)));
  r.ended(gone(1, 2), 500);
  r.ended(gone(3, 3, { incarnation: "9" }), 500);
  assert.deepEqual(sequences(r), [2, 3]);
  assert.equal(entry?.end?.reason, 1);
});

test("a changed deadline moves the message", () => {
  const r = filled(message(1, 1000), message(2, 2000));
  r.changed({ topic: "t", incarnation: "1", sequence: 1, expires: 5000, previous: 1000 }, 100);
  assert.deepEqual(sequences(r), [2, 1]);
  assert.equal(r.entries[1]?.message.granted, 1000);
});

test("what lies beyond the window is not held, and one that comes nearer asks for the list", () => {
  const r = new Retained();
  r.begin();
  r.replace([message(1, 1000), message(2, 2000)], 2000, 0);
  r.born(born(message(3, 2500)), 0);
  assert.deepEqual(sequences(r), [1, 2]);
  assert.equal(r.before(2001), undefined);
  assert.equal(r.before(1500), 1);
  assert.equal(r.stale, false);
  r.changed({ topic: "t", incarnation: "1", sequence: 9, expires: 1500, previous: 9000 }, 0);
  assert.equal(r.stale, true);
  r.changed({ topic: "t", incarnation: "1", sequence: 1, expires: 4000, previous: 1000 }, 0);
  assert.deepEqual(sequences(r), [2]);
});

test("what happened while the list was on its way is not lost", () => {
  const r = filled(message(1, 1000), message(2, 2000));
  r.begin();
  r.born(born(message(3, 1500)), 10);
  r.ended(gone(2), 10);
  r.changed({ topic: "t", incarnation: "1", sequence: 1, expires: 1800, previous: 1000 }, 10);
  r.replace([message(1, 1000), message(2, 2000)], Infinity, 20);
  assert.deepEqual(sequences(r), [3, 1]);
});

test("rows that the server rendered become the messages of the first list", () => {
  const r = new Retained();
  r.adopt([message(1, 1000, { incarnation: "" })]);
  const entry = r.entries[0];
  r.begin();
  r.replace([message(1, 1000)], Infinity, 0);
  assert.equal(r.entries[0], entry);
  assert.equal(entry?.message.incarnation, "1");
});

test("the set stays bounded, whatever is born", () => {
  const r = filled();
  for (let i = 1; i <= 5000; i++) r.born(born(message(i, 1000 + ((i * 7919) % 10007))), 0);
  assert.ok(r.entries.length <= 2 * WINDOW);
  for (let i = 1; i < r.entries.length; i++) assert.ok(r.entries[i]!.message.expires >= r.entries[i - 1]!.message.expires);
  assert.ok(r.entries.every((e) => e.message.expires <= r.covered));
});

test("a part has what ends within its bounds, and is kept up", () => {
  const r = filled(message(1, 1000), message(2, 2000), message(3, 3000), message(4, 4000));
  const part = r.part({ from: 2000, to: 4000 });
  assert.deepEqual(sequences(part), [2, 3]);
  assert.equal(part.stale, false);
  for (const [sequence, expires] of [[5, 1999], [6, 2500], [7, 4000]] as const) part.born(born(message(sequence, expires)), 10);
  assert.deepEqual(sequences(part), [2, 6, 3]);
  part.changed({ topic: "t", incarnation: "1", sequence: 3, expires: 9000, previous: 3000 }, 10);
  part.changed({ topic: "t", incarnation: "1", sequence: 2, expires: 3500, previous: 2000 }, 10);
  assert.deepEqual(sequences(part), [6, 2]);
  assert.deepEqual(sequences(r), [1, 2, 3, 4]);
});

test("a part beyond what is known has to be read", () => {
  const r = new Retained();
  r.begin();
  r.replace([message(1, 1000), message(2, 2000)], 2000, 0);
  const near = r.part({ from: 500, to: 9000 });
  assert.deepEqual([sequences(near), near.covered, near.stale], [[1, 2], 2000, true]);
  assert.deepEqual(r.part({ from: 500, to: 2000 }).stale, false);
  const far = r.part({ from: 5000, to: 9000 });
  assert.deepEqual([far.covered, far.stale], [-Infinity, true]);
  // Another message comes into its bounds from where it was not known.
  far.begin();
  far.replace([], Infinity, 0);
  far.changed({ topic: "t", incarnation: "1", sequence: 2, expires: 6000, previous: 2000 }, 10);
  assert.equal(far.stale, true);
});

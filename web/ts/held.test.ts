import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stats } from "./frame";
import { Held } from "./held";
import { type Message, keyOf } from "./message";
import type { Entry } from "./retained";

function message(sequence: number, expires: number): Message {
  return {
    topic: "t", incarnation: "1", sequence, published: 0, expires, granted: 1, maxExpires: 0, deliveries: 0, key: "", attributes: [],
    body: { note: false, text: "", cut: "" },
  };
}

const entry = (sequence: number, expires: number): Entry => ({ message: message(sequence, expires), end: undefined, born: 0 });
const held = (covered: number, ...expires: number[]) => new Held({ entries: expires.map((at, i) => entry(i + 1, at)), covered }, undefined);
const sequences = ({ entries }: Held) => entries.map((one) => one.message.sequence);

test("what ends stays, once, for the first reason that is known", () => {
  const h = held(Infinity, 1000, 2000, 3000);
  h.expire(1000);
  h.ended({ topic: "t", incarnation: "1", first: 1, last: 2, reason: 3, at: 900, deliveries: 2 });
  assert.deepEqual(sequences(h), [1, 2, 3]);
  assert.deepEqual(h.entries.map((one) => one.end && [one.end.at, one.end.reason]), [[1000, 0], [900, 3], undefined]);
  assert.equal(h.find(keyOf(message(2, 0)))?.message.expires, 2000);
});

test("the next window is added, without what is there", async () => {
  const asked: number[] = [];
  const h = held(2000, 1000, 2000);
  assert.equal(h.more, true);
  const reading = h.load({ further: async (from) => (asked.push(from), { messages: [message(2, 2000), message(9, 5000)], more: false }) });
  assert.equal(h.loading, true);
  await reading;
  assert.deepEqual([sequences(h), asked, h.more, h.loading], [[1, 2, 9], [2000], false, false]);
});

test("where nothing more can be read, that is the end", async () => {
  const h = held(2000, 1000);
  await h.load({ further: () => Promise.reject(new Error("not today")) });
  assert.deepEqual([sequences(h), h.more, h.loading], [[1], false, false]);
  assert.deepEqual([held(Infinity, 1).more, held(-Infinity, 1).more], [false, false]);
});

test("it tells what is kept from the list", () => {
  const stats = (published: number, gone: number) => ({ published, gone }) as Stats;
  const h = new Held({ entries: [], covered: Infinity }, stats(10, 4));
  assert.deepEqual([h.waiting(stats(10, 4)), h.waiting(stats(18, 4)), h.waiting(stats(18, 7)), h.waiting(stats(10, 7))], ["", "8 new", "8 new, 3 gone", "3 gone"]);
  assert.deepEqual([h.waiting(undefined), held(0).waiting(stats(1, 1))], [undefined, undefined]);
});

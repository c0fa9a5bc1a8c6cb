import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange } from "./arrange";
import type { Entry } from "./retained";

function entry(sequence: number, text: string, more: Partial<Entry["message"]> = {}): Entry {
  const message = {
    topic: "orders", incarnation: "1", sequence, published: sequence, expires: 1000 - sequence, granted: 1, maxExpires: 0, deliveries: 0,
    key: "", attributes: [], body: { note: false, text, cut: "" }, ...more,
  };
  return { message, end: undefined, born: 0 };
}
const all = [
  entry(12, "A red Apple"),
  entry(2, "a green pear", { key: "Tree-7" }),
  entry(1, "消息", { attributes: [["trace", "ABC"]] }),
];
const shown = (filter: string, newest = false) => arrange(all, { filter, newest }).map(({ message }) => message.sequence);

test("without a filter all are shown, in either order", () => {
  assert.deepEqual(shown(""), [12, 2, 1]);
  assert.deepEqual(shown("  ", true), [12, 2, 1]);
  assert.deepEqual(arrange([...all].reverse(), { filter: "", newest: true }).map(({ message }) => message.sequence), [12, 2, 1]);
});

test("each word has to stand somewhere: number, topic, key, attributes, payload, whatever its case", () => {
  assert.deepEqual(shown("apple"), [12]);
  assert.deepEqual(shown("A GREEN"), [2]);
  assert.deepEqual(shown("pear a"), [2]);
  assert.deepEqual(shown("#12"), [12]);
  assert.deepEqual(shown("tree-7"), [2]);
  assert.deepEqual(shown("abc"), [1]);
  assert.deepEqual(shown("消息"), [1]);
  assert.deepEqual(shown("orders"), [12, 2, 1]);
  assert.deepEqual(shown("apple pear"), []);
});

test("what has ended in a held list stays in its place", () => {
  const held = [{ ...(all[0] as Entry), end: { at: 1, reason: 0, deliveries: undefined } }, all[1] as Entry];
  assert.equal(arrange(held, { filter: "pear", newest: false }).length, 2);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Census } from "./census";
import type { Message } from "./message";
import { Retained } from "./retained";

const NOW = 1_000_000;

type Tallied = (from: number, to: number) => number | undefined;
const nothing: Tallied = () => undefined;
let tallied = nothing;

// census has a list with such deadlines, and a tally that knows nothing, or what it is told to know.
function census(covered: number, ...lefts: number[]): Census {
  const messages = lefts.map((left, i) => ({
    topic: "t", incarnation: "1", sequence: i + 1, published: 0, expires: NOW + left, granted: 1, maxExpires: 0,
    deliveries: 0, key: "", attributes: [], body: { note: false, text: "", cut: "" },
  } satisfies Message));
  const model = new Retained();
  model.begin();
  model.replace(messages, covered, NOW);
  const c = new Census(model, { between: (from, to) => tallied(from - NOW, to - NOW) }, () => NOW);
  // Not what the list has: it tells which of the two was asked.
  c.forecast = [{ after: 5000, messages: 70, bytes: 700 }, { after: 60_000, messages: 30, bytes: 300 }];
  c.retained = 100;
  c.complete = true;
  return c;
}

test("what the page has all of is counted, from one deadline on and before another", () => {
  const c = census(Infinity, 1000, 5000, 5500, 6000);
  assert.deepEqual(c.between(NOW + 5000, NOW + 6000), { messages: 2, bytes: 700, exact: true });
  assert.deepEqual(c.between(-Infinity, NOW + 5000), { messages: 1, bytes: 0, exact: true });
  assert.deepEqual(c.between(NOW + 5000, Infinity), { messages: 3, bytes: 1000, exact: true });
  assert.deepEqual(c.between(NOW + 6001, NOW + 9000), { messages: 0, bytes: 0, exact: true });
});

test("beyond what the page has the forecast tells", () => {
  const c = census(NOW + 5600, 1000, 5000, 5500);
  assert.deepEqual(c.between(NOW + 5000, NOW + 5600), { messages: 2, bytes: 420, exact: true });
  assert.deepEqual(c.between(NOW + 5000, NOW + 6000), { messages: 70, bytes: 700, exact: false });
  assert.deepEqual(c.between(NOW + 6000, Infinity), { messages: 30, bytes: 300, exact: false });
});

test("all but what is counted is known, too", () => {
  const c = census(NOW + 5600, 1000, 5000, 5500);
  assert.deepEqual(c.between(NOW + 5500, Infinity), { messages: 98, bytes: 650, exact: true });
});

test("what the list has not all of, the tally may have, of what is not past its deadline", () => {
  const asked: Array<[number, number]> = [];
  tallied = (from, to) => {
    asked.push([from, to]);
    return to <= 9000 ? 7 : undefined;
  };
  const c = census(NOW + 5600, 1000, 5000, 5500);
  assert.equal(c.between(NOW + 5000, NOW + 5600).messages, 2);
  assert.deepEqual(asked, [], "the list knows");
  assert.deepEqual(c.between(-Infinity, NOW + 6000), { messages: 7, bytes: 700, exact: true });
  assert.deepEqual(asked, [[0, 6000]]);
  assert.deepEqual(c.between(NOW + 6000, Infinity), { messages: 93, bytes: 300, exact: true });
  assert.equal(c.between(-Infinity, NOW + 70_000).exact, false);
  tallied = nothing;
});

test("nothing and all there is are known beyond that too, but near to where the forecast may be off", () => {
  const c = census(NOW + 1000);
  assert.deepEqual(c.between(NOW + 180_000, Infinity), { messages: 0, bytes: 0, exact: true });
  assert.deepEqual(c.between(-Infinity, NOW + 180_000), { messages: 100, bytes: 1000, exact: true });
  assert.deepEqual(c.between(-Infinity, NOW + 3000), { messages: 0, bytes: 0, exact: true });
  assert.deepEqual(c.between(NOW + 3000, Infinity), { messages: 100, bytes: 1000, exact: true });
  // It ends with the interval from 1 to 2 minutes; a message in it may have had 2 minutes and a second.
  assert.equal(c.between(NOW + 121_000, Infinity).exact, false);
  assert.equal(c.between(NOW + 10_000, NOW + 50_000).exact, true);
  assert.deepEqual(c.between(NOW + 10_000, NOW + 70_000), { messages: 5, bytes: 50, exact: false });
  c.forecast = [];
  assert.equal(c.between(NOW + 180_000, Infinity).exact, false);
});

test("so it does while the list may miss something", () => {
  const c = census(Infinity, 1000);
  c.complete = false;
  assert.deepEqual(c.between(NOW, NOW + 5500), { messages: 35, bytes: 350, exact: false });
});

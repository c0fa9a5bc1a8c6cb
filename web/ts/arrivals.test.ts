import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals } from "./arrivals";
import type { Ended, Preview } from "./frame";

function preview(sequence: number, expires: number, leftOut = 0, recent = false): Preview {
  const message = {
    topic: "t", incarnation: "1", sequence, published: 0, expires, granted: expires, maxExpires: 0, deliveries: 0, key: "",
    attributes: [], body: { note: false, text: "", cut: "" },
  };
  return { message, leftOut, recent };
}
const ended = (first: number, last: number, at: number, more: Partial<Ended> = {}): Ended => ({
  topic: "t", incarnation: "1", first, last, reason: 3, at, deliveries: 0, ...more,
});

test("arrivals and the gone among them are counted exactly while each was shown", () => {
  const a = new Arrivals();
  a.take([preview(1, 1000), preview(2, 2000), preview(3, 9000)]);
  a.take([preview(3, 9000), preview(4, 9000, 0, true)]); // told twice; from before
  assert.equal(a.count, 3);
  assert.deepEqual([999, 1000, 5000].map((now) => a.gone(now)), [0, 1, 2]);
  a.changed({ topic: "t", incarnation: "1", sequence: 2, expires: 9000, previous: 2000 });
  assert.equal(a.gone(5000), 1);
  a.ended(ended(3, 3, 4000));
  a.ended(ended(2, 2, 4000, { incarnation: "9" }));
  assert.equal(a.gone(5000), 2);
  assert.ok(a.exact);
});

test("a range longer than what is known takes those within", () => {
  const a = new Arrivals();
  a.take([preview(7, 9000), preview(2_000_000, 9000)]);
  a.ended(ended(1, 1_000_000, 10));
  assert.equal(a.gone(20), 1);
});

test("messages that were shown stand for those left out before them", () => {
  const a = new Arrivals();
  a.take([preview(334, 1000, 333), preview(668, 9000, 333)]);
  assert.equal(a.count, 668);
  assert.equal(a.gone(5000), 334);
  assert.ok(!a.exact);
});

test("however many arrive, little is kept, and the sums stay", () => {
  const a = new Arrivals();
  for (let i = 1; i <= 20_000; i++) a.take([preview(i, i % 4 < 2 ? 1000 : 9000)]);
  assert.equal(a.count, 20_000);
  assert.ok(!a.exact);
  assert.equal(a.gone(10_000), 20_000);
  // Ten times as far as chance may lead, one time in three.
  assert.ok(Math.abs(a.gone(5000) - 10_000) < 2000, `${a.gone(5000)} of 20,000 where half are gone`);
});

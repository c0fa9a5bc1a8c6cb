import assert from "node:assert/strict";
import { test } from "node:test";
import type { Preview, Stats } from "./frame";
import { Live, MOST_BYTES, MOST_ROWS } from "./live";
import type { Message } from "./message";

function message(sequence: number, text = `m${sequence}`): Message {
  return {
    topic: "t", incarnation: "1", sequence, published: sequence, expires: sequence + 1000, granted: 1000, maxExpires: 0,
    deliveries: 0, key: "", attributes: [], body: { note: false, text, cut: "" },
  };
}
const preview = (sequence: number, leftOut = 0, text?: string): Preview => ({ message: message(sequence, text), leftOut, recent: false });
const stats = (epoch: number, publishedSince: number, leftOut: number, shown: number): Stats => ({
  at: 0, revision: "0", published: 0, retained: 0, bytes: 0, passing: 0, gone: 0, undelivered: 0, topics: 0, subscriptions: 0,
  publishedSince, leftOut, shown, epoch, rate: 0, busiest: [], lastEnd: 0, next: 0, forecast: [],
});

test("what was left out stands between the rows", () => {
  const live = new Live();
  live.take([preview(1), preview(335, 333), preview(336)]);
  assert.deepEqual(
    live.rows.map((row) => (row.kind === "message" ? row.message.sequence : row.kind === "skip" ? `skip ${row.count}` : row.says(0))),
    [1, "skip 333", 335, 336],
  );
});

test("nothing is told twice", () => {
  const live = new Live();
  assert.equal(live.take([preview(1), preview(2)]), 2);
  assert.equal(live.take([preview(2), preview(3)]), 1);
  assert.equal(live.rows.length, 3);
});

test("rows that the server rendered are recognised", () => {
  const live = new Live();
  live.adopt([{ ...message(2), incarnation: "" }, { ...message(1), incarnation: "" }]);
  live.recognise([preview(1), preview(2)]);
  live.take([preview(1), preview(2), preview(3)]);
  assert.deepEqual(live.rows.map((row) => row.kind === "message" && row.message.sequence), [1, 2, 3]);
});

test("recent messages from before what the server rendered stand before it", () => {
  const live = new Live();
  live.adopt([{ ...message(4), incarnation: "" }, { ...message(3), incarnation: "" }]);
  const recent = [1, 2, 3, 4].map((sequence) => ({ ...preview(sequence), recent: true }));
  live.recognise(recent);
  assert.equal(live.take([...recent, preview(5)]), 1);
  assert.deepEqual(live.rows.map((row) => row.kind === "message" && row.message.sequence), [1, 2, 3, 4, 5]);
});

test("what was left out once is not told when the stream is opened anew", () => {
  const live = new Live();
  live.take([preview(1), preview(3, 1)]);
  const recent = [2, 3, 4].map((sequence) => ({ ...preview(sequence), recent: true }));
  live.take(recent);
  assert.deepEqual(live.rows.map((row) => row.kind === "message" && row.message.sequence), [1, false, 3, 4]);
});

test("the ring keeps 2,000 rows", () => {
  const live = new Live();
  for (let i = 1; i <= 5000; i++) live.take([preview(i)]);
  assert.equal(live.rows.length, MOST_ROWS);
  assert.equal(live.dropped, 3000);
  assert.equal(live.take([preview(5000)]), 0);
});

test("the ring keeps 4 MB", () => {
  const live = new Live();
  const long = "x".repeat(10_000);
  for (let i = 1; i <= 1000; i++) live.take([preview(i, 0, long)]);
  assert.ok(live.rows.length * 20_000 <= MOST_BYTES && live.rows.length > 100);
});

test("ends and changes reach their rows, however long the range", () => {
  const live = new Live();
  live.take([preview(1), preview(2), preview(3)]);
  live.changed({ topic: "t", incarnation: "1", sequence: 1, expires: 9000, previous: 1001 });
  live.ended({ topic: "t", incarnation: "1", first: 2, last: 2_000_000, reason: 4, at: 50, deliveries: 0 });
  live.ended({ topic: "t", incarnation: "2", first: 1, last: 1, reason: 4, at: 50, deliveries: 0 });
  const [a, b, c] = live.rows;
  assert.ok(a?.kind === "message" && a.message.expires === 9000 && !a.end);
  assert.ok(b?.kind === "message" && b.end?.at === 50 && b.end.reason === 4);
  assert.ok(c?.kind === "message" && c.end);
});

test("shown and left out add up to published over all openings of the stream", () => {
  const live = new Live();
  live.count(stats(1, 100, 70, 30)); // joined when the stream had counted 100
  live.count(stats(1, 1100, 1040, 60));
  live.count(stats(2, 10, 0, 10));
  live.count(stats(2, 500, 470, 30));
  assert.equal(live.published, 1500);
  assert.equal(live.shown + live.leftOut, live.published);
});

test("what is read back stands in its place, and the numbers missing between are told as ended", () => {
  const live = new Live();
  const at = (sequence: number, published: number, topic = "t"): Message => ({ ...message(sequence), published, topic });
  const shown = (sequence: number, published: number, leftOut: number): Preview => ({ message: at(sequence, published), leftOut, recent: false });
  live.take([shown(1, 10, 0), shown(5, 50, 3), shown(9, 90, 3)]);
  live.note(() => "a note");
  const read = [at(9, 90), at(2, 70, "u"), at(7, 70), at(5, 50), at(4, 50)];
  const rows = live.complete(live.rows, read, 50);
  const told = rows.map((row) => (row.kind === "message" ? `${row.message.topic}${row.message.sequence}` : row.kind === "skip" ? `${row.count} ${row.ended}` : row.says(0)));
  assert.deepEqual(told, ["t1", "2 undefined", "t4", "t5", "1 true", "t7", "u2", "1 true", "t9", "a note"]);
  assert.equal(live.rows.length, 6); // the log is as it was

  // Rows that were read back learn how their messages end, until they are let go.
  live.ended({ topic: "t", incarnation: "1", first: 7, last: 7, reason: 3, at: 100, deliveries: 0 });
  const seventh = rows.find((row) => row.kind === "message" && row.message.sequence === 7);
  assert.equal(seventh?.kind === "message" && seventh.end?.reason, 3);
  live.forget();
  live.changed({ topic: "t", incarnation: "1", sequence: 4, expires: 1, previous: 0 });
  assert.ok(rows.every((row) => row.kind !== "message" || row.message.expires !== 1));
});

test("where nothing lives any more, what was shown stands as it was", () => {
  const live = new Live();
  live.take([preview(1), preview(5, 3)]);
  assert.deepEqual(live.complete(live.rows, [], -Infinity).filter((row) => row.kind === "message").length, 2);
});

test("what was missed is taken into the log, and told as part of it from then on", () => {
  const live = new Live();
  live.take([preview(1), preview(2)]);
  live.note(() => "back", { from: 3, before: 9, count: 4, caught: 0, hidden: false, span: 6, alive: 3 });
  live.take([preview(9)]);
  live.fill([message(7), message(5), message(4)], 3);
  const told = live.rows.map((row) => (row.kind === "message" ? row.message.sequence : row.kind === "skip" ? `${row.count} gone` : row.says(0)));
  assert.deepEqual(told, [1, 2, "back", 4, 5, "1 gone", 7, "1 gone", 9]);
  assert.equal(live.take([preview(5)]), 0);
});

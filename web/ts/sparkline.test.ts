import assert from "node:assert/strict";
import { test } from "node:test";
import texts from "../testdata/texts.json";
import { rate } from "./payload";
import { Minute, sparkline } from "./sparkline";

test("the server draws and writes the same", () => {
  for (const [numbers, path] of texts.spark) assert.equal(sparkline(numbers as number[]), path);
  for (const [perSecond, text] of texts.rate) assert.equal(rate(perSecond as number), text);
});

test("a minute counts what came in each second", () => {
  const minute = new Minute();
  minute.count(10, 5_000);
  minute.count(13, 6_100);
  minute.count(13, 6_900); // the same second
  minute.count(14, 7_050);
  assert.deepEqual(minute.numbers, [3, 1]);
});

test("what came while nobody asked is spread", () => {
  const minute = new Minute();
  minute.count(0, 1_000);
  minute.count(10, 5_000);
  assert.deepEqual(minute.numbers, [3, 2, 3, 2]);
  minute.count(1_000, 900_000);
  assert.deepEqual(minute.numbers, []);
});

test("a minute begins with what the server remembers, and is a minute long", () => {
  const minute = new Minute();
  const remembered = Array.from({ length: 60 }, (_, i) => i);
  minute.begin(remembered, 7, 100_000);
  minute.begin(remembered, 7, 101_000);
  assert.equal(minute.vague, false);
  minute.count(9, 102_000);
  assert.equal(minute.numbers.length, 60);
  assert.deepEqual(minute.numbers.slice(-2), [59, 2]);
});

test("what comes while a minute begins is not missed", () => {
  const minute = new Minute();
  minute.begin([0, 0], 5, 100_500); // four of these in the second that has not ended
  minute.begin([0, 4], 7, 101_500); // two more came in this one
  assert.equal(minute.vague, true);
  minute.begin([4, 2], 7, 101_900); // the same second: it may have been in between
  assert.equal(minute.vague, true);
  minute.begin([4, 2], 7, 102_600);
  assert.equal(minute.vague, false);
  minute.count(8, 103_100);
  assert.deepEqual(minute.numbers, [4, 2, 1]);
});

test("a counter that never stands still is taken as it is", () => {
  const minute = new Minute();
  for (let i = 0; minute.vague; i++) minute.begin([100], 100 * i, 1000 * i);
  minute.count(1100, 10_500);
  assert.deepEqual(minute.numbers, [100, 200]);
});

test("a topic that was made anew grows by nothing", () => {
  const minute = new Minute();
  minute.count(100, 1_000);
  minute.count(2, 2_000);
  assert.deepEqual(minute.numbers, [0]);
});

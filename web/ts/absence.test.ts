import assert from "node:assert/strict";
import { test } from "node:test";
import { Absence } from "./absence";
import type { Hello, Stats } from "./frame";

const hello = (server: string, store = "s", started = 0): Hello => ({ server, store, started, version: "", durability: 1 });
const stats = (at: number, published: number, gone = 0): Stats => ({
  at, revision: "", published, retained: 0, bytes: 0, passing: 0, gone, undelivered: 0, topics: 1, subscriptions: 0,
  publishedSince: 0, leftOut: 0, shown: 0, epoch: 1, rate: 0, busiest: [], lastEnd: 0, next: 0, forecast: [],
});

function watching(): Absence {
  const absence = new Absence();
  absence.seen(1000);
  absence.greet(hello("1"));
  assert.equal(absence.back(stats(1000, 100, 10), 1000), "");
  absence.seen(2000);
  return absence;
}

test("what was missed is the difference of the counts, less what came after all", () => {
  const absence = watching();
  absence.begin(false);
  absence.greet(hello("1"));
  absence.fresh(20);
  assert.equal(absence.back(stats(64_000, 4240, 1128), 64_000), "1:02 without connection: 4,120 missed, 1,118 gone meanwhile");
  assert.equal(absence.back(stats(65_000, 5000), 65_000), "");
});

test("a blip in which nothing was missed is not worth a row", () => {
  const absence = watching();
  absence.begin(false);
  assert.equal(absence.back(stats(3000, 100, 10), 3000), "");
  absence.begin(false);
  assert.equal(absence.back(stats(12_000, 100, 10), 12_000), "0:09 without connection: nothing missed");
});

test("a hidden tab tells only of what it missed", () => {
  const absence = watching();
  absence.begin(true);
  assert.equal(absence.back(stats(90_000, 100, 10), 90_000), "");
  absence.begin(true);
  assert.match(absence.back(stats(180_000, 103, 10), 180_000), /^1:30 hidden: 3 missed$/);
});

test("another server is told, and whether its store is another one", () => {
  const absence = watching();
  absence.begin(false);
  assert.equal(absence.greet(hello("2", "s", 14_000)), false);
  assert.match(absence.back(stats(15_000, 100, 41), 15_000), /^Server restarted .*, down 12 s; 31 expired meanwhile$/);
  assert.equal(absence.greet(hello("3", "other", 20_000)), true);
  assert.match(absence.back(stats(21_000, 0), 21_000), /with an empty memory store$/);
});

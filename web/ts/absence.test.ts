import assert from "node:assert/strict";
import { test } from "node:test";
import { Absence } from "./absence";
import type { Hello, Stats } from "./frame";
import { zone } from "./zone";

const hello = (server: string, store = "s", started = 0): Hello => ({ server, store, started, version: "", durability: 1 });
const stats = (at: number, published: number, gone = 0): Stats => ({
  at, revision: "", published, retained: 0, bytes: 0, passing: 0, gone, undelivered: 0, topics: 1, subscriptions: 0,
  publishedSince: 0, leftOut: 0, shown: 0, epoch: 1, rate: 0, busiest: [], lastEnd: 0, next: 0, forecast: [],
});

// told is what a row says of it, now.
function told(absence: Absence, stats: Stats): string {
  return absence.back(stats)?.(stats.at) ?? "";
}

function watching(): Absence {
  const absence = new Absence();
  absence.seen(1000);
  absence.greet(hello("1"));
  assert.equal(told(absence, stats(1000, 100, 10)), "");
  absence.seen(2000);
  return absence;
}

test("what was missed is the difference of the counts, less what came after all", () => {
  const absence = watching();
  absence.begin(false);
  absence.greet(hello("1"));
  absence.fresh(20);
  assert.equal(told(absence, stats(64_000, 4240, 1128)), "1:02 without connection: 4,120 missed, 1,118 gone meanwhile");
  assert.equal(told(absence, stats(65_000, 5000)), "");
});

test("a blip in which nothing was missed is not worth a row", () => {
  const absence = watching();
  absence.begin(false);
  assert.equal(told(absence, stats(3000, 100, 10)), "");
  absence.begin(false);
  assert.equal(told(absence, stats(12_000, 100, 10)), "0:09 without connection: nothing missed");
});

test("a hidden tab tells only of what it missed", () => {
  const absence = watching();
  absence.begin(true);
  assert.equal(told(absence, stats(90_000, 100, 10)), "");
  absence.begin(true);
  assert.match(told(absence, stats(180_000, 103, 10)), /^1:30 hidden: 3 missed$/);
});

test("another server is told, and whether its store is another one", () => {
  const absence = watching();
  absence.begin(false);
  assert.equal(absence.greet(hello("2", "s", 14_000)), false);
  assert.match(told(absence, stats(15_000, 100, 41)), /^Server restarted .*, down 12 s; 31 expired meanwhile$/);
  assert.equal(absence.greet(hello("3", "other", 20_000)), true);
  assert.match(told(absence, stats(21_000, 0)), /with an empty memory store$/);
});

test("the time of a restart is told in the zone that is chosen when it is read", () => {
  const absence = watching();
  absence.begin(false);
  absence.greet(hello("2", "s", 14_000));
  const says = absence.back(stats(15_000, 100, 10));
  const kinds: string[] = [];
  for (let i = 0; i < 3; i++, zone.next()) kinds.push(`${zone.kind}: ${says?.(74_000)}`);
  assert.ok(kinds.includes("utc: Server restarted 00:00:14, down 12 s"), kinds.join());
  assert.ok(kinds.includes("relative: Server restarted 1 min ago, down 12 s"), kinds.join());
});

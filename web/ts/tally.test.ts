import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Tally } from "./tally";

const NOW = 1_000_000;

// server tells deadlines, so many milliseconds from NOW each, of two messages each; `ok` false: it refuses.
function server(until: number, ...lefts: number[]) {
  const state = { asked: 0, lefts, ok: true, time: 0 };
  const forecast = async ({ soonest = 0 }) => {
    state.asked++;
    assert.equal(soonest, 2000);
    if (!state.ok) throw new Error("not today");
    const told = { expireTimesMs: state.lefts.map((left) => BigInt(NOW + left)), messages: state.lefts.map(() => 2) };
    return { soonest: { ...told, ...(until < Infinity ? { until: timestampFromMs(NOW + until) } : {}) } };
  };
  let drawn = 0;
  const tally = new Tally({ retained: { forecast } } as unknown as ConstructorParameters<typeof Tally>[0], ">", () => drawn++, () => state.time);
  const count = (from: number, to: number, revision = "1") => tally.between(NOW + from, NOW + to, revision);
  // read asks, and waits until what was asked for is here.
  const read = async (revision = "1") => {
    const [before, { asked }] = [drawn, state];
    count(0, 1, revision);
    while (state.asked > asked && drawn === before) await Promise.resolve();
  };
  return { state, count, read };
}

test("nothing is asked before someone looks, nor before the page knows of what", async () => {
  const { state, read } = server(Infinity, 1000);
  await read("");
  assert.equal(state.asked, 0);
});

test("what ends is counted from one deadline on and before another", async () => {
  const { count, read } = server(Infinity, 1000, 5000, 9000);
  assert.equal(count(0, 9000), undefined);
  await read();
  assert.deepEqual([count(0, 1000), count(0, 1001), count(1000, 9000), count(1001, 5000), count(0, Infinity)], [0, 2, 4, 0, 6]);
});

test("it goes as far as it was told", async () => {
  const { count, read } = server(7000, 1000, 5000);
  await read();
  assert.deepEqual([count(0, 7000), count(0, 7001), count(0, Infinity)], [4, undefined, undefined]);
});

test("it is read anew when something has happened, at its pace, and believed until then", async () => {
  const { state, count, read } = server(Infinity, 1000);
  await read();
  state.lefts = [1000, 2000];
  assert.equal(count(0, 5000, "2"), 2);
  assert.equal(state.asked, 1);
  state.time = 1001;
  await read("2");
  assert.deepEqual([count(0, 5000, "2"), state.asked], [4, 2]);
  state.time = 60_000;
  assert.deepEqual([count(0, 5000, "2"), state.asked], [4, 2]);
  assert.equal(count(0, 5000, "3"), undefined, "too old");
});

test("nothing is known of what could not be read, which is tried again", async () => {
  const { state, count, read } = server(Infinity, 1000);
  state.ok = false;
  await read();
  assert.deepEqual([count(0, 5000), state.asked], [undefined, 1]);
  state.ok = true;
  state.time = 1001;
  await read();
  assert.deepEqual([count(0, 5000), state.asked], [2, 2]);
});

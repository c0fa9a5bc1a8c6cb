import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "./clock";

function at(start: number) {
  const state = { now: start };
  return { state, clock: new Clock(() => state.now) };
}

test("the least delayed frame decides", () => {
  const { state, clock } = at(1000);
  for (const delay of [80, 5, 300, 40]) {
    state.now += 500;
    clock.sample(1_000_000 + state.now - delay);
  }
  assert.equal(clock.offset, 1_000_000 - 5);
  state.now += 100;
  assert.equal(clock.now(), 1_000_000 + state.now - 5);
});

test("a frame's age counts as time it has been here", () => {
  const { state, clock } = at(1000);
  state.now = 2000;
  clock.sample(1_000_000 + 1900, 100);
  assert.equal(clock.offset, 1_000_000);
});

test("a sample counts for 30 seconds", () => {
  const { state, clock } = at(0);
  clock.sample(5_000_000);
  for (let i = 0; i < 100; i++) {
    state.now += 500;
    clock.sample(5_000_000 + state.now - 20);
  }
  assert.equal(clock.offset, 5_000_000 - 20);
});

test("samples are bounded by what can still decide", () => {
  const { state, clock } = at(0);
  for (let i = 0; i < 10_000; i++) {
    state.now += 3;
    clock.sample(state.now - (i % 7));
  }
  assert.ok((clock as unknown as { samples: unknown[] }).samples.length <= 7);
});

test("a server begun anew is believed at once, and until then the old offset holds", () => {
  const { state, clock } = at(0);
  clock.sample(9_000_000);
  state.now = 1000;
  clock.restart();
  assert.equal(clock.now(), 9_001_000);
  clock.sample(8_000_000 + 1000);
  assert.equal(clock.offset, 8_000_000);
});

test("without any frame the page's own wall clock is the best guess", () => {
  const clock = new Clock();
  assert.equal(clock.known, false);
  assert.ok(Math.abs(clock.now() - Date.now()) < 50);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { END } from "./scale";
import { deadlines } from "./span";

test("a span has what the bars under it have: more left than where it begins, at most what it ends with", () => {
  assert.deepEqual(deadlines(0, 1000, 50_000), { from: 50_001, to: 51_001 });
  assert.deepEqual(deadlines(1000, 5000, 50_000.7), { from: 51_001, to: 55_001 });
});

test("the end of the axis has no end", () => {
  assert.deepEqual(deadlines(1000, END, 50_000), { from: 51_001, to: Infinity });
});

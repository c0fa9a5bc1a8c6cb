import assert from "node:assert/strict";
import { test } from "node:test";
import { condition } from "./connection";
import { backoff } from "./stream";

test("the mark follows the link and its silence", () => {
  assert.equal(condition({ kind: "opening", attempt: 0 }, undefined).kind, "connecting");
  assert.equal(condition({ kind: "opening", attempt: 0 }, 50).kind, "live");
  assert.equal(condition({ kind: "open" }, undefined).kind, "connecting");
  assert.equal(condition({ kind: "open" }, 2999).kind, "live");
  assert.deepEqual(condition({ kind: "open" }, 4200), { kind: "stale", seconds: 4 });
  const waiting = { kind: "waiting", attempt: 3, until: 0, stopping: false, recovering: false, reason: "" } as const;
  assert.deepEqual(condition(waiting, 10), { kind: "reconnecting", attempt: 3 });
  assert.equal(condition({ ...waiting, stopping: true }, 10).kind, "stopped");
  assert.equal(condition({ ...waiting, recovering: true }, 10).kind, "recovering");
  assert.deepEqual(condition({ kind: "opening", attempt: 3 }, 10), { kind: "reconnecting", attempt: 3 });
  assert.equal(condition({ kind: "crowded" }, undefined).kind, "crowded");
});

test("waits double from a quarter of a second to five", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 20].map(backoff), [250, 500, 1000, 2000, 4000, 5000, 5000]);
});

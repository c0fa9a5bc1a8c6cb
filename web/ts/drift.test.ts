import assert from "node:assert/strict";
import { test } from "node:test";
import { driftText } from "./drift";

test("a wall clock that was set is told, in whole seconds, as the server writes it", () => {
  assert.equal(driftText(0), "");
  assert.equal(driftText(1000), "");
  assert.equal(driftText(-1000), "");
  assert.equal(
    driftText(3_600_000),
    "The server's clock is 1 h ahead of the wall clock: the wall clock was set back. Lifetimes are not affected.",
  );
  assert.equal(
    driftText(-1501),
    "The server's clock is 2 s behind the wall clock: the wall clock was set forward. Lifetimes are not affected.",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { tooLarge } from "./form";

test("a message over the limit is told in numbers that differ", () => {
  const limit = 1 << 20;
  assert.equal(tooLarge(limit, limit), "");
  assert.equal(tooLarge(1_100_000, limit), "1,100,000 B; the limit is 1,048,576 B (--max-message).");
  assert.equal(tooLarge(1_363_149, limit), "1.3 MiB; the limit is 1 MiB (--max-message).");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Refusal, particular } from "./refusal";

const says = (reason: string, values: Record<string, string>, retry?: number) =>
  particular({ reason, values, retry } satisfies Refusal);

test("common refusals are told from their values", () => {
  const starts = (text: string, beginning: string) => assert.equal(text.slice(0, beginning.length), beginning);
  starts(says("INVALID", { character: " ", position: "4" }), "a space at position 4. Letters");
  starts(says("INVALID", { character: "ä", position: "4" }), "“ä” at position 4.");
  starts(says("INVALID", { character: "\u200b", position: "1" }), "U+200B at position 1.");
  starts(says("INVALID", { position: "5" }), "An empty part at position 5.");
  starts(says("INVALID", { bytes: "0" }), "Empty.");
  assert.equal(says("INVALID", { bytes: "300", limit: "255" }), "300 bytes. At most 255.");
  assert.equal(says("NO_SUCH_TOPIC", { topic: "orders" }), "orders does not exist.");
  assert.equal(says("TTL_REJECTED", { topic: "orders", min: "1000", max: "60000", asked: "3600000" }), "orders keeps 1 s to 1 min, not 1 h.");
  const full = { topic: "orders", used: "10", limit: "10" };
  assert.equal(says("FULL", { ...full, unit: "messages" }), "orders is full: it retains 10 of 10 messages.");
  assert.equal(says("FULL", { ...full, unit: "bytes" }, 12_300), "orders is full: it retains 10 of 10 bytes. Space comes free in 12 s.");
});

test("what has no values is left to its detail", () => {
  for (const reason of ["INVALID", "TTL_REJECTED", "NO_SUCH_TOPIC", "FULL", "CONFLICT", ""]) assert.equal(says(reason, {}), "");
});

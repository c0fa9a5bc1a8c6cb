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

test("the rarer ones are, too", () => {
  const at = String(Date.parse("2020-11-22T14:32:07Z"));
  const ended = { topic: "orders", sequence: "4", end_time: "2020-11-22T14:32:07Z", deliveries: "2", reason: "END_REASON_EVICTED" };
  assert.match(says("INVALID", { composed: "café" }), /Write “café”\.$/);
  assert.match(says("TTL_REJECTED", { topic: "orders", max: "3600000", sequence: "4", latest: at }), /^orders keeps messages 1 h at most; .* Nov 2020/);
  assert.match(says("CONFLICT", { sequence: "4", expires: at }), /^The deadline of #4 is .* Nov 2020/);
  assert.match(says("DEADLINE_PASSED", { topic: "orders", expires: at }), /Nov 2020.* has passed/);
  assert.equal(says("NO_SUCH_MESSAGE", { topic: "orders", sequence: "4", last: "3" }), "No #4 yet; the last is #3.");
  assert.match(says("ENDED", ended), /^#4 evicted .* Nov 2020.*, received by 2\.$/);
  assert.match(says("ENDED", { ...ended, reason: "END_REASON_EXPIRED_UNDELIVERED", deliveries: "0" }), /^#4 gone .*, received by nobody\.$/);
  assert.equal(says("ENDED", { topic: "orders", sequence: "4", reason: "END_REASON_UNSPECIFIED" }), "#4 has ended; Linger no longer remembers how.");
  assert.equal(says("READ_ONLY", { store: "data", cause: "EIO" }).slice(0, 28), "The disk of data failed (EIO");
  assert.match(says("RECOVERING", { percent: "34" }), /34 % of the store/);
  assert.match(says("TOO_MANY_TOPICS", { topics: "100000" }), /^The server has 100,000 topics/);
  assert.equal(says("FULL", { unit: "memory", used: "1000000", limit: "1000000" }, 900), "The server's memory is full: 1.0 MB of 1.0 MB (--memory). Space comes free in 1 s.");
  assert.match(says("FULL", { unit: "disk", used: "1000000", limit: "1000000", free: "5000000" }), /5\.0 MB of the disk are free/);
  assert.match(says("FULL", { topic: "orders", needed: "5", limit: "3", unit: "messages" }), /^A batch of 5 messages can never fit/);
});

test("so are those that are of the API, and of policies", () => {
  assert.match(says("TTL_REJECTED", { topic: "orders", asked: "-5000", default: "600000" }), /cannot be negative.* the default is 10 min\.$/);
  assert.match(says("CONFLICT", { topic: "orders", last: "7", first: "4" }), /^orders has come to #7, so #4 cannot/);
  assert.match(says("TOPIC_EXISTS", { topic: "orders" }), /^orders exists\./);
  assert.match(says("NO_SUCH_TOPIC", { topic: "orders", auto_create: "no" }), /does not make topics here/);
  assert.match(says("INVALID", { max: "172800000", ceiling: "86400000" }), /^2 d is above 1 d,/);
  assert.equal(says("INVALID", { default: "1000", min: "5000", max: "60000" }), "The default of 1 s is not within 5 s to 1 min.");
  assert.equal(says("INVALID", { min: "60000", max: "5000" }), "The minimum of 1 min is above the maximum of 5 s.");
  assert.match(says("UNKNOWN_OUTCOME", {}), /may still appear/);
});

test("what has no values is left to its detail", () => {
  for (const reason of ["INVALID", "TTL_REJECTED", "NO_SUCH_TOPIC", "FULL", "CONFLICT", ""]) assert.equal(says(reason, {}), "");
});

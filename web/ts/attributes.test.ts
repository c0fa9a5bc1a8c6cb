import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attribute, faultOf } from "./attributes";

const fault = (...rows: Attribute[]) => {
  const found = faultOf(rows);
  return found && `${found.row} ${found.part} ${found.text}`;
};

test("rows without key and value are left out, and a value may be empty", () => {
  assert.equal(fault(), undefined);
  assert.equal(fault(["", ""], ["a", ""], ["", ""], ["__proto__", "x"], ["", ""]), undefined);
});

test("what is wrong is told of its row, with the limit and the way out", () => {
  assert.equal(fault(["", ""], ["", "x"]), "1 key no key. Give it one, or empty the value.");
  assert.equal(fault(["é".repeat(64), ""]), undefined);
  assert.equal(fault(["é".repeat(64) + "k", ""]), "0 key the key has 129 bytes; it may have 128. Shorten it.");
  assert.equal(fault(["a", "x".repeat(1024)]), undefined);
  assert.equal(fault(["a", "x".repeat(1025)]), "0 value the value has 1,025 bytes; it may have 1,024. What is longer belongs in the message.");
  assert.equal(fault(["a", "1"], ["", ""], ["a", "2"]), "2 key the key stands in attribute 1 already. A key has one value: change or remove one of the two.");
  const rows = Array.from({ length: 65 }, (_, i): Attribute => [`k${i}`, ""]);
  assert.equal(fault(...rows.slice(1)), undefined);
  assert.equal(fault(...rows), "64 key one too many; a message may have 64. Remove some.");
  const large = Array.from({ length: 16 }, (_, i): Attribute => [`k${i}`, "x".repeat(1023)]);
  assert.equal(fault(...large), "15 value with this one, keys and values have 16,406 bytes; they may have 16,384 in all. What is longer belongs in the message.");
  assert.equal(fault(...large.slice(1)), undefined);
});

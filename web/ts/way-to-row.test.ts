import assert from "node:assert/strict";
import { test } from "node:test";
import { distance } from "./way-to-row";

const message = { topic: "t", sequence: 42, expires: 9000 };

// board has rows 10 to 21 in view; the message's is the one of that index, or is not there.
function board({ index, known = false, whole = true, covered = Infinity }: { index?: number; known?: boolean; whole?: boolean; covered?: number }) {
  const beyond = (at: number) => (at >= 22 ? at - 21 : Math.min(0, at - 10));
  return {
    away: () => (index === undefined ? undefined : beyond(index)),
    beyond,
    find: () => (known ? ({} as never) : undefined),
    whole,
    model: { covered },
  };
}

const census = (messages: number, exact = true) => ({ between: () => ({ messages, bytes: 0, exact }) });

test("the way to a row is as long as its place says", () => {
  for (const [index, says] of [[35, "14 rows down ↓"], [22, "1 row down ↓"], [21, ""], [10, ""], [9, "1 row up ↑"], [0, "10 rows up ↑"]] as const) {
    assert.equal(distance(message, board({ index }), census(0)), says);
  }
});

test("to one that a held list keeps back too", () => {
  assert.equal(distance(message, board({ known: true }), census(35)), "14 rows down ↓");
  assert.equal(distance(message, board({ known: true }), census(0)), "10 rows up ↑");
  assert.equal(distance(message, board({ known: true }), census(12)), "Show its row");
});

test("and to one beyond what is loaded, about", () => {
  assert.equal(distance(message, board({ covered: 9000 }), census(421, false)), "≈400 rows down ↓");
  assert.equal(distance(message, board({ covered: 9001 }), census(400)), "", "it has not been told of yet");
  assert.equal(distance(message, board({ covered: 9000, whole: false }), census(400)), "", "a filter may leave it out");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Echoes } from "./echoes";

const named = { topic: "t", incarnation: "1", sequence: 7 };

test("until the watch has told of a change, what it tells of the message is older", () => {
  const echoes = new Echoes(() => 0);
  const told = (expires: number) => echoes.overtaken({ ...named, expires, previous: 0 });
  assert.equal(told(1000), false, "nothing was changed here");
  echoes.expect({ ...named, expires: 5000 });
  assert.deepEqual([told(1000), told(2000), told(5000), told(3000)], [true, true, false, false]);
  assert.equal(echoes.overtaken({ ...named, sequence: 8, expires: 1, previous: 0 }), false);
});

test("it is not waited for longer than it takes", () => {
  let now = 0;
  const echoes = new Echoes(() => now);
  echoes.expect({ ...named, expires: 5000 });
  now = 3001;
  assert.equal(echoes.overtaken({ ...named, expires: 1000, previous: 0 }), false);
});

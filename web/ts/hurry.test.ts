import assert from "node:assert/strict";
import { test } from "node:test";
import { Hurry } from "./hurry";

test("many deaths make a hurry, seen here or counted by the server", () => {
  const hurry = new Hurry();
  hurry.note(10);
  assert.ok(!hurry.on(true));
  hurry.note(1);
  assert.ok(hurry.on(true) && hurry.on(false));

  const told = new Hurry();
  told.count(undefined, { gone: 1000, at: 0 });
  assert.ok(!told.on(true));
  told.count({ gone: 1000, at: 0 }, { gone: 1006, at: 500 });
  assert.equal(told.perSecond, 12);
  assert.ok(told.on(true));
  assert.ok(!told.on(false), "what the server said does not outlive the connection");
});

test("a great many at once cost no more than a few", () => {
  const hurry = new Hurry();
  for (let i = 0; i < 1000; i++) hurry.note(1_000_000);
  assert.ok(hurry.on(true));
});

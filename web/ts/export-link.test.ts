import assert from "node:assert/strict";
import { test } from "node:test";
import { exported } from "./export-link";

const plain = "http://localhost:8080/export?in=orders.%3E&order=soonest";

test("an export is of what is shown, and of all again when nothing narrows the list", () => {
  const narrowed = exported(plain, { filter: " 8812 größe ", newest: true }, { from: 1000, to: 2000 });
  const asked = Object.fromEntries(new URL(narrowed).searchParams);
  assert.deepEqual(asked, {
    in: "orders.>", order: "newest", filter: "8812 größe", from: "1970-01-01T00:00:01.000Z", to: "1970-01-01T00:00:02.000Z",
  });
  assert.equal(exported(narrowed, { filter: "", newest: false }, undefined), plain);
  assert.equal(new URL(exported(plain, { filter: "", newest: false }, { from: 1000, to: Infinity })).searchParams.has("to"), false);
});

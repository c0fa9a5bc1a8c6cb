import assert from "node:assert/strict";
import { test } from "node:test";
import { isPattern, matches, messageAt, topicPath } from "./names";

test("patterns match as the server matches them", () => {
  const yes = [
    [">", "a"],
    [">", "a.b.c"],
    ["a", "a"],
    ["a.*", "a.b"],
    ["*", "a"],
    ["*.b.*", "a.b.c"],
    ["a.>", "a.b"],
    ["a.>", "a.b.c"],
    ["a.*.>", "a.b.c.d"],
  ];
  const no = [
    ["a", "b"],
    ["a", "a.b"],
    ["a.b", "a"],
    ["a.*", "a"],
    ["a.*", "a.b.c"],
    ["a.>", "a"],
    ["a.>", "ab.c"],
    ["*.*", "a"],
  ];
  for (const [pattern, topic] of yes) assert.ok(matches(pattern!, topic!), `${pattern} ${topic}`);
  for (const [pattern, topic] of no) assert.ok(!matches(pattern!, topic!), `${pattern} ${topic}`);
});

test("a pattern is a scope with a wildcard for a token", () => {
  assert.ok(isPattern(">"));
  assert.ok(isPattern("a.*"));
  assert.ok(!isPattern("a.b"));
});

test("paths hold any name", () => {
  assert.equal(topicPath("orders.eu", 7), "/topics/orders.eu/7");
  assert.equal(topicPath("订单"), "/topics/%E8%AE%A2%E5%8D%95");
});

test("a message is known by its page's address", () => {
  for (const [topic, sequence] of [["orders.eu", 7], ["订单", 1_000_000], ["a%b", 1]] as const) {
    assert.deepEqual(messageAt(`http://localhost:8080${topicPath(topic, sequence)}?deadline=1#x`), { topic, sequence });
  }
  for (const path of ["/", "/topics/7", "/topics/orders/record", "/topics/orders/7/8"]) assert.equal(messageAt(`http://localhost${path}`), undefined);
});

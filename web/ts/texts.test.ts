import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, language, rich, t } from "./texts";

test("texts have their values, numbers their separators", () => {
  assert.equal(language(), "en");
  assert.equal(t("bar.now"), "Now");
  assert.equal(t("mark.reconnecting", { n: 12_345 }), "Reconnecting (12,345)");
  assert.equal(t("bar.asOf", { time: "{time}" }), "As of {time}");
  assert.equal(grouped(1_234_567), "1,234,567");
});

test("texts with elements in them come in pieces", () => {
  const node = {} as Node;
  assert.deepEqual(rich("bar.asOf", { time: node }), ["As of ", node, ""]);
});

test("a key of a newer server is written itself", () => {
  assert.equal(t("no.such.key" as "bar.now"), "no.such.key");
});

test("numbers take their form", () => {
  const before = globalThis.lingerTexts;
  globalThis.lingerTexts = { tag: "en", texts: { "bar.asOf": { one: "{count} message", other: "{count} messages" } } };
  const messages = t as (key: "bar.asOf", values: { count: number }) => string;
  assert.equal(messages("bar.asOf", { count: 1 }), "1 message");
  assert.equal(messages("bar.asOf", { count: 0 }), "0 messages");
  assert.equal(messages("bar.asOf", { count: 1000 }), "1,000 messages");
  globalThis.lingerTexts = before;
});

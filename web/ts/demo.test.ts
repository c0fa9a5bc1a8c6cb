import assert from "node:assert/strict";
import { test } from "node:test";
import { LATE, LENGTH, LONGEST, STEPS, due } from "./demo";

const published = STEPS.flatMap((step) => (step.kind === "publish" ? [step] : []));
const of = (topic: string) => published.filter((step) => step.topic === topic);

test("the demo stays within a minute, 75 messages and lives of 90 s", () => {
  assert.ok(STEPS.every(({ at }) => at >= 0 && at < LENGTH));
  assert.ok(published.length <= 75, `${published.length} messages`);
  assert.ok(published.every(({ ttl }) => ttl <= LONGEST));
});

test("each topic has its own pace and lifetime", () => {
  for (const [topic, every, ttl, count] of [["demo.weather", 2000, 20_000, 30], ["demo.orders", 3000, 90_000, 20], ["demo.codes", 7000, 5000, 9]] as const) {
    const steps = of(topic);
    assert.equal(steps.length, count, topic);
    assert.ok(steps.every((step) => step.ttl === ttl), topic);
    for (let i = 1; i < steps.length; i++) assert.equal((steps[i]?.at ?? 0) - (steps[i - 1]?.at ?? 0), every, topic);
  }
});

test("one order is extended and one expired, while they live and for no longer than 90 s from then", () => {
  const [extend, expire, ...others] = STEPS.flatMap((step) => (step.kind === "publish" ? [] : [step]));
  assert.ok(extend?.kind === "extend" && expire?.kind === "expire" && others.length === 0);
  for (const step of [extend, expire]) {
    const message = of(step.topic)[step.nth];
    assert.ok(message && message.at < step.at && step.at < message.at + message.ttl);
    if (step.kind === "extend") assert.ok(message.at + message.ttl + step.by <= step.at + LONGEST);
  }
});

test("every step is due once, in order, however time passes", () => {
  let after = -1;
  const taken = [];
  for (let now = 0; now <= LENGTH; now += 130) {
    taken.push(...due(after, now));
    after = now;
  }
  assert.deepEqual(taken, STEPS);
});

test("what is due too late is left out", () => {
  assert.deepEqual(due(-1, 30_000).map(({ at }) => at), STEPS.map(({ at }) => at).filter((at) => at > 30_000 - LATE && at <= 30_000));
});

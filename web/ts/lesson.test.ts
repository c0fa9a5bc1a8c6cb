import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import type { Api } from "./api";
import { Lesson } from "./lesson";
import type { Receipt } from "./publisher";

// Element is as much of one as the lesson needs: it can be read.
class Element {
  parts: Array<Element | string> = [];
  dataset = {};
  set textContent(text: string) {
    this.parts = [text];
  }
  append(...parts: Array<Element | string>) {
    this.parts.push(...parts);
  }
  replaceChildren(...parts: Array<Element | string>) {
    this.parts = parts;
  }
  get text(): string {
    return this.parts.map((part) => (typeof part === "string" ? part : part.text)).join("");
  }
}

const receipt = { topic: "hello", sequence: 1, ttl: 30_000, published: 1000, expires: 31_000 } as unknown as Receipt;
let state: unknown;
let place: Element;
let lesson: Lesson;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  Object.assign(globalThis, { document: { createElement: () => new Element() } });
  const api = { retained: { getMessage: () => Promise.resolve({ state }) } } as unknown as Pick<Api, "retained">;
  place = new Element();
  lesson = new Lesson(place as unknown as HTMLElement, api, () => 13_000, "go run . {}");
  lesson.greet("a");
  state = { case: "retained", value: { deliveries: 0 } };
});

async function look(): Promise<void> {
  mock.timers.tick(700);
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

test("the lesson follows the first message to its end, and goes with what comes next", async () => {
  lesson.published(receipt);
  lesson.arrived(); // the message itself
  assert.equal(place.text, ""); // nothing is claimed before it is known
  await look();
  assert.match(place.text, /^#1 of hello is kept 30 s\. Nobody is listening; it waits\. Run this before it goes/);
  assert.match(place.text, /a late subscriber gets it too, with the time that is left: go run \. sub hello/);
  state = { case: "retained", value: { deliveries: 1, expireTime: { seconds: 31n, nanos: 0 } } };
  await look();
  assert.equal(place.text, "A subscriber got #1 with 18 s left.");
  state = { case: "ended", value: { deliveries: 1, endTime: { seconds: 31n, nanos: 0 } } };
  await look();
  assert.equal(place.text, "#1 is gone after 30 s, received by 1. Linger keeps nothing longer than it was asked to.");
  await look();
  lesson.arrived();
  assert.equal(place.text, "");
});

test("the lesson does not outlive its server, nor the next publish", async () => {
  lesson.published(receipt);
  await look();
  lesson.greet("a");
  assert.notEqual(place.text, "");
  lesson.greet("b");
  assert.equal(place.text, "");
  state = { case: "ended", value: { deliveries: 0 } };
  await look();
  assert.equal(place.text, "");
  lesson.published({ ...receipt, sequence: 2 });
  assert.equal(place.text, "");
});

test("who listens already is told so at once", async () => {
  state = { case: "retained", value: { deliveries: 1, expireTime: { seconds: 31n, nanos: 0 } } };
  lesson.published(receipt);
  await look();
  assert.equal(place.text, "A subscriber got #1 with 18 s left.");
});

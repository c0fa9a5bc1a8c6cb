import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { GoTo } from "./goto";
import { Place, happens, openPage, settled } from "./testing/place";

let asked: Array<{ text: string; signal: AbortSignal; answer: (topics: string[] | undefined) => void }>;
let list: Place;
let form: Place;
let field: Place & { form?: Place };
let went: string[];

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  asked = [];
  went = [];
  list = new Place("ul#goto-list");
  list.hidden = true;
  field = new Place("input");
  form = new Place("form.goto", field, list);
  field.form = form;
  openPage(form);
  const fetch = (address: string, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve) => {
      const text = new URLSearchParams(address.split("?")[1]).get("in") ?? "";
      asked.push({ text, signal, answer: (topics) => resolve({ json: async () => ({ topics }), statusText: "" }) });
    });
  Object.assign(globalThis, { fetch, location: { assign: (path: string) => went.push(path) } });
  new GoTo(field as unknown as HTMLInputElement, () => {});
  field.focus();
});

// type types, and waits until the server is asked.
function type(text: string): void {
  field.value = text;
  happens(field, "input", field);
}
function press(key: string): void {
  happens(field, "keydown", field, { key });
}
// enter presses Enter; the form goes to what is typed unless a topic is gone to.
function enter(): void {
  happens(form, "submit", form);
}
async function answer(topics: string[] | undefined): Promise<void> {
  asked.shift()?.answer(topics);
  await settled();
}
const offered = () => (list.hidden ? [] : list.children.map((one) => one.children[0]?.textContent));

test("what is chosen of the list is gone to", async () => {
  type("ord");
  mock.timers.tick(200);
  assert.equal(asked[0]?.text, "ord");
  await answer(["orders", "orders.eu"]);
  assert.deepEqual(offered(), ["orders", "orders.eu"]);
  press("ArrowDown");
  press("ArrowDown");
  enter();
  assert.deepEqual(went, ["/topics/orders.eu"]);
});

test("who types on has chosen nothing of the list", async () => {
  type("ord");
  mock.timers.tick(200);
  await answer(["orders"]);
  press("ArrowDown");
  type("ordinary");
  enter();
  mock.timers.tick(200);
  enter();
  assert.deepEqual(went, []);
  await answer(["ordinary"]);
  press("ArrowDown");
  enter();
  assert.deepEqual(went, ["/topics/ordinary"]);
});

test("a choice is not taken back by an answer to the same question", async () => {
  type("ord");
  press("ArrowDown"); // asks at once
  await answer(["orders"]);
  press("ArrowDown");
  mock.timers.tick(200);
  assert.equal(asked.length, 0);
  enter();
  assert.deepEqual(went, ["/topics/orders"]);
});

test("without an answer nothing is offered, least of all what was", async () => {
  type("ord");
  mock.timers.tick(200);
  await answer(["orders"]);
  type("orc");
  mock.timers.tick(200);
  await answer(undefined);
  assert.deepEqual(offered(), []);
  type("orch");
  mock.timers.tick(200);
  const [first] = asked;
  type("ord");
  assert.equal(first?.signal.aborted, true);
  mock.timers.tick(200);
  await answer(["orchids"]);
  assert.deepEqual(offered(), []);
  await answer(["orders"]);
  assert.deepEqual(offered(), ["orders"]);
});

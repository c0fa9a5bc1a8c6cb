import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { timestamp } from "./api";
import type { Batch, Change } from "./frame";
import { GRACE, Going } from "./going";
import type { Message } from "./message";
import { MessageView } from "./message-view";
import { Retained } from "./retained";
import { Pages } from "./testing/pages";
import { Place, happens, openPage, settled } from "./testing/place";

const NOW = 1_000_000;
const HOUR = 3_600_000;
const at = (sequence: number) => `http://localhost/topics/t/${sequence}`;
const message = (sequence: number, expires = NOW + HOUR): Message => ({
  topic: "t", incarnation: "1", sequence, published: 1000, expires, granted: 1000, maxExpires: 0, deliveries: 0, key: "", attributes: [],
  body: { note: false, text: "", cut: "" },
});
const change = (sequence: number): Change => ({ topic: "t", incarnation: "1", sequence, expires: NOW + 2 * HOUR, previous: NOW + HOUR });
const batch = (more: Partial<Batch>): Batch => ({ changes: [], ended: [], previews: [], ...more }) as unknown as Batch;

let pages: Pages;
let root: Place;
let list: Retained;
let view: MessageView;
let retained: object | undefined; // what the server has of the message
let asked: number; // what it has
let narrowed: boolean; // the list shows none of these
let refusing: string;
let held: Promise<void>; // before it answers
let told: string[];
let undoable: number; // in the list

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  pages = new Pages();
  root = new Place("div#panel-content");
  list = new Retained();
  retained = undefined;
  asked = 0;
  narrowed = false;
  refusing = "";
  held = Promise.resolve();
  told = [];
  undoable = 0;
  openPage(root);
  const setExpireTime = async ({ expireTime }: { expireTime: never }) => {
    await held;
    if (refusing) throw new Error(refusing);
    return { expireTime };
  };
  const listMessages = async () => {
    asked++;
    return { messages: retained ? [retained] : [] };
  };
  view = new MessageView(
    root as unknown as HTMLElement,
    () => NOW,
    {
      api: { retained: { setExpireTime, listMessages } } as never,
      going: new Going(),
      menu: {} as never,
      say: (text) => told.push(text),
      tell: (text) => told.push(`refused: ${text}`),
      get undoable() {
        return undoable;
      },
      find: (topic, sequence) => list.entries.find(({ message }) => !narrowed && message.topic === topic && message.sequence === sequence),
      moved: ({ message }, expires) => list.changed({ ...message, expires, previous: message.expires }, NOW),
    },
    pages.fetch,
  );
});

// open opens a message and has its page answered.
async function open(sequence: number, expires?: number): Promise<void> {
  const shown = view.show(at(sequence));
  pages.answer(message(sequence, expires));
  assert.equal(await shown, true);
}

// later is when what was to be done a moment later is done.
async function later(): Promise<void> {
  await settled();
  mock.timers.tick(300);
  await settled();
}

test("what is told of a message while it is being opened is not lost", async () => {
  for (const tidings of [{ changes: [change(1)] }, { ended: [{ ...change(1), first: 1, last: 3 }] }, { hello: {} }, { incomplete: true }]) {
    const shown = view.show(at(1));
    view.take(batch(tidings as Partial<Batch>));
    pages.answer(message(1));
    await shown;
    await later();
    assert.deepEqual(pages.addresses, [at(1)], Object.keys(tidings)[0]);
    pages.answer(message(1));
    await later();
    assert.deepEqual(pages.addresses, []);
  }
});

test("it is read again for what is told of it, and for nothing else", async () => {
  await open(1);
  view.take(batch({ changes: [change(2), { ...change(1), topic: "u" }] }));
  await later();
  assert.deepEqual(pages.addresses, []);
  view.take(batch({ changes: [change(1)] }));
  await later();
  // What is told while the answer is on its way may be news to it.
  view.take(batch({ changes: [change(1)] }));
  await later();
  assert.deepEqual(pages.addresses, [at(1)]);
  pages.answer(message(1));
  await later();
  assert.deepEqual(pages.addresses, [at(1)]);
});

test("where a change may have been left out it is read again if its deadline is another one", async () => {
  const wire = (expires: number) => ({ topic: "t", sequence: 1n, expireTime: timestamp(expires), deliveries: 2, dataSize: 0n });
  for (const tidings of [{ hello: {} }, { incomplete: true }]) {
    await open(1);
    retained = wire(NOW + HOUR);
    view.take(batch(tidings as Partial<Batch>));
    await later();
    assert.deepEqual(pages.addresses, []);
    assert.equal(root.querySelector(".receivers")?.textContent, "2 subscriptions");
    retained = wire(NOW + 2 * HOUR);
    view.take(batch(tidings as Partial<Batch>));
    await later();
    assert.deepEqual(pages.asked.splice(0).length, 1);
  }
  // It is not asked for one that is not shown any more.
  asked = 0;
  view.clear();
  view.take(batch({ incomplete: true }));
  assert.equal(asked, 0);
});

test("what could not be read is read when the server is back", async () => {
  const shown = view.show(at(1));
  pages.asked.shift()?.answer(undefined);
  assert.equal(await shown, true);
  assert.equal(root.children[0]?.textContent, "The server cannot be reached.");
  view.take(batch({ hello: {} } as Partial<Batch>));
  await later();
  assert.deepEqual(pages.addresses, [at(1)]);
  pages.answer(message(1));
  await later();
  assert.ok(root.querySelector("#card"));
});

test("one message's change does not wait for that of the one before", async () => {
  await open(1);
  view.take(batch({ changes: [change(1)] }));
  await open(2);
  view.take(batch({ changes: [change(2)] }));
  await later();
  assert.deepEqual(pages.addresses, [at(2)]);
});

test("nothing is read once nothing is shown", async () => {
  await open(1);
  view.take(batch({ changes: [change(1)] }));
  view.clear();
  view.take(batch({ changes: [change(1)] }));
  await later();
  assert.deepEqual(pages.addresses, []);
});

test("an answer that comes after the person has moved on shows nothing", async () => {
  const first = view.show(at(1));
  view.clear();
  const again = view.show(at(1));
  const [old] = pages.asked.splice(0, 1);
  pages.answer(message(1, NOW + 2 * HOUR));
  assert.equal(await again, true);
  old?.answer(undefined);
  assert.equal(await first, false);
  assert.equal(root.querySelector("#card")?.dataset["expires"], String(NOW + 2 * HOUR));
});

test("while another is being opened nothing can be done to the one before", async () => {
  await open(1);
  const shown = view.show(at(2));
  assert.equal(root.inert, true);
  assert.equal(view.end(), false);
  pages.answer(message(2));
  await shown;
  assert.equal(root.inert, false);
  void view.show(at(3));
  view.clear();
  assert.equal(root.inert, false);
});

test("Undo brings a message back to its place in the list, whatever is shown by then", async () => {
  const leaves = [() => open(2, NOW + 2 * HOUR), async () => view.clear(), async () => void (narrowed = true)];
  for (const leave of leaves) {
    narrowed = false;
    list = new Retained();
    list.replace([message(1, NOW + 3 * HOUR), message(2, NOW + 2 * HOUR)], Infinity, NOW);
    await open(1, NOW + 3 * HOUR);
    happens(root, "submit", root.querySelector("form.expire") as Place);
    await settled();
    assert.deepEqual(list.entries.map((entry) => entry.message.sequence), [1, 2]);
    await leave();
    assert.equal(view.undo(), true);
    await settled();
    const kept = list.entries.map((entry) => [entry.message.sequence, entry.message.expires]);
    assert.deepEqual(kept, [[2, NOW + 2 * HOUR], [1, NOW + 3 * HOUR]]);
  }
});

test("a refusal stands with its message, and nowhere with another one's", async () => {
  refusing = "not now";
  const refusal = () => root.querySelector(".refusal")?.textContent;
  await open(1);
  view.end();
  await settled();
  assert.match(refusal() ?? "", /^#1: /);
  assert.deepEqual(told, []);
  view.end();
  assert.equal(refusal(), "");
  await settled();
  // It comes when another one is shown, or none, or the same one anew.
  for (const leave of [() => open(2), () => view.show(at(2)), () => view.show(at(1)), () => view.clear()]) {
    pages.asked.splice(0);
    await open(1);
    let answer = () => {};
    held = new Promise((resolve) => (answer = resolve));
    view.end();
    const left = leave();
    if (pages.asked.length === 0) await left;
    const before = refusal();
    answer();
    await settled();
    assert.equal(refusal(), before);
    assert.match(told.splice(0).join(), /^refused: #1: /);
  }
});

test("what was pressed last is taken back first, here or in the list", async () => {
  await open(1);
  happens(root, "submit", root.querySelector("form.expire") as Place);
  await settled();
  undoable = NOW + GRACE + 1;
  assert.equal(view.undo(), false);
  undoable = NOW + GRACE - 1;
  assert.equal(view.undo(), true);
});

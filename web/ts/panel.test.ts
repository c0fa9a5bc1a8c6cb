import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Going } from "./going";
import { keys } from "./keys";
import { Panel } from "./panel";
import { Pages } from "./testing/pages";
import { type Page, Place, happens, openPage, settled } from "./testing/place";

const LIST = "http://localhost/topics/t";
const message = (sequence: number) => ({ topic: "t", sequence, expires: 2_000_000 });

let pages: Pages;
let panel: Place;
let content: Place;
let field: Place;
let document: Page;
let steps: Array<{ href: string; state: unknown }>; // the history: the first is where one came from
let left: number; // steps that the history has been told to go back and has not yet gone
let goBack: () => void;

class Link extends Place {
  constructor(readonly href: string) {
    super("a.seq");
  }
  getAttribute(): string {
    return this.href;
  }
}

beforeEach(() => {
  pages = new Pages();
  content = new Place("div#panel-content");
  panel = new Place("aside#panel", new Place("button.close"), content);
  panel.hidden = true;
  field = new Place("textarea#message");
  document = openPage(panel, new Place("ul#retained.rows", new Link(`${LIST}/1`), new Link(`${LIST}/2`)), field);
  steps = [{ href: "about:blank", state: null }, { href: LIST, state: null }];
  left = 0;
  const here = () => steps.at(-1)!;
  const history = {
    get state() {
      return here().state;
    },
    pushState: (state: unknown, _: string, href: string) => void steps.push({ href, state }),
    replaceState: (state: unknown, _: string, href: string | URL) => void steps.splice(-1, 1, { href: String(href), state }),
    back: () => void left++,
  };
  const location = {
    get href() {
      return here().href;
    },
  };
  const window = new EventTarget();
  // One page, one window: what an earlier test's panel hears is nothing to this one.
  Object.assign(globalThis, { history, location, CSS: { escape: String }, addEventListener: window.addEventListener.bind(window) });
  goBack = () => {
    steps.pop();
    window.dispatchEvent(new Event("popstate"));
  };
  new Panel(() => 1_000_000, { api: {}, going: new Going(), say() {}, undoable: 0, find: () => undefined, moved() {} } as never, pages.fetch);
});


// click presses the number of a row.
function click(sequence: number): void {
  const link = document.querySelectorAll("a.seq")[sequence - 1] as Place;
  link.focus();
  happens(document, "click", link, { button: 0, detail: 1 });
}

function escape(): void {
  keys.press({ key: "Escape", typing: false, enters: false, spaces: false, repeated: false, at: 0 });
}

test("a row's number opens its message, and a step back closes it", async () => {
  click(1);
  assert.equal(panel.hidden, true);
  pages.answer(message(1));
  await settled();
  assert.equal(panel.hidden, false);
  assert.equal(document.activeElement, content);
  goBack();
  assert.equal(panel.hidden, true);
  assert.equal(content.querySelector("#card"), null);
});

test("who goes back before the message has come stays at the list", async () => {
  click(1);
  goBack();
  pages.answer(message(1));
  await settled();
  assert.equal(panel.hidden, true);
  escape();
  assert.equal(left, 0);
});

test("Esc takes back what has not come yet, and goes back but once", async () => {
  click(1);
  escape();
  escape();
  assert.equal(left, 1);
  goBack();
  pages.answer(message(1));
  await settled();
  assert.equal(panel.hidden, true);
  click(2);
  pages.answer(message(2));
  await settled();
  escape();
  assert.equal(left, 2);
});

test("a message takes the focus from nobody who has gone on to something else", async () => {
  click(1);
  field.focus();
  pages.answer(message(1));
  await settled();
  assert.equal(panel.hidden, false);
  assert.equal(document.activeElement, field);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Condition } from "./connection";
import { condition } from "./connection";
import { type Answer, Fresh, fetched } from "./fresh";
import type { LinkState } from "./stream";
import { Place, openPage, settled } from "./testing/place";

let answers: Array<(answer: Partial<Answer> | undefined) => void>;
let connection: { link: LinkState; frame(): void };
let mark: Place;
let part: Place;
let address: string;
let banner: string;
let fresh: Fresh;

beforeEach(() => {
  answers = [];
  connection = { link: { kind: "opening", attempt: 0 }, frame() {} };
  mark = new Place("span#mark");
  mark.hidden = true;
  part = new Place("div#server[data-fresh-each]").with({ freshEach: "0" });
  openPage(mark, new Place("main#main", part));
  Object.assign(globalThis.document, { getSelection: () => null });
  address = "http://localhost/server";
  banner = "";
  const fetch = () => new Promise((resolve) => answers.push(resolve as never));
  fresh = new Fresh(() => 0, connection, () => address, (text) => (banner = text), fetch as never);
});

// page is one with a heading and a part.
function page(heading: string, text: string): Document {
  const number = Object.assign(new Place("p"), { textContent: text });
  const title = Object.assign(new Place("h1"), { textContent: heading });
  return new Place("document", title, new Place("div#server", number)) as unknown as Document;
}

// answer has the page read again, and answers so.
async function answer(given: Partial<Answer> | undefined): Promise<void> {
  fresh.tick();
  answers.shift()?.(given);
  await settled();
}
const shown = () => part.children[0]?.textContent;
const says = (): [boolean, Condition["kind"]] => [mark.hidden, condition(connection.link, 0).kind];

test("a page that is read again is as new as it should be", async () => {
  await answer({ status: 200, page: page("Server", "1") });
  assert.equal(shown(), "1");
  assert.deepEqual(says(), [true, "live"]);
});

test("as long as it is not there the mark says why", async () => {
  await answer({ status: 200, page: page("Server", "1") });
  await answer(undefined);
  assert.deepEqual(says(), [false, "reconnecting"]);
  await answer({ status: 503, recovering: true, page: page("Linger is recovering", "") });
  assert.deepEqual(says(), [false, "recovering"]);
  assert.equal(shown(), "1");
  await answer({ status: 500, recovering: false, page: page("Something went wrong", "") });
  assert.deepEqual(says(), [false, "reconnecting"]);
  assert.equal(banner, "");
  await answer({ status: 200, page: page("Server", "2") });
  assert.deepEqual(says(), [true, "live"]);
  assert.equal(shown(), "2");
});

test("a server that has no such page any more says so", async () => {
  await answer({ status: 200, page: page("orders", "1") });
  await answer({ status: 404, page: page("There is no topic orders.", "") });
  assert.equal(banner, "There is no topic orders.");
  assert.deepEqual(says(), [true, "live"]);
  assert.equal(shown(), "1");
  await answer({ status: 200, page: page("orders", "2") });
  assert.equal(banner, "");
  assert.equal(shown(), "2");
});

test("an answer to what is not asked any more is not shown", async () => {
  fresh.tick();
  address += "?default=10s";
  answers.shift()?.({ status: 200, page: page("orders", "of before") });
  await settled();
  assert.equal(shown(), undefined);
});

test("a recovery is known by its page's answer", async () => {
  const parser = class {
    parseFromString(): unknown {
      return {};
    }
  };
  Object.assign(globalThis, { DOMParser: parser });
  for (const [status, headers, recovering] of [[503, { refresh: "2" }, true], [503, {}, false], [200, {}, false]] as const) {
    Object.assign(globalThis, { fetch: async () => new Response("", { status, headers }) });
    assert.equal((await fetched("/server"))?.recovering, recovering);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Keys, type Press } from "./keys";

function press(key: string, more: Partial<Press> = {}): Press {
  return { key, typing: false, enters: false, spaces: false, repeated: false, at: 0, ...more };
}

// pad has the keys of the table, and notes what they do.
function pad(actions: string[]) {
  const kept = new Map<string, string>();
  const keys = new Keys(undefined, { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) });
  const done: string[] = [];
  for (const action of actions) keys.on(action, () => void done.push(action));
  return { keys, done };
}

test("a key does its action, and one without an action nothing", () => {
  const { keys, done } = pad(["help", "pause"]);
  assert.equal(keys.press(press("?")), true);
  assert.equal(keys.press(press(" ")), true);
  assert.equal(keys.press(press("u")), false);
  assert.equal(keys.press(press("q")), false);
  assert.deepEqual(done, ["help", "pause"]);
});

test("in a field keys are what one writes, but Escape", () => {
  const { keys, done } = pad(["help", "release", "open"]);
  for (const key of ["?", "Enter", "Escape"]) keys.press(press(key, { typing: true }));
  assert.deepEqual(done, ["release"]);
});

test("Enter and Space press the control that has the focus", () => {
  const { keys, done } = pad(["open", "pause", "expire"]);
  for (const key of ["Enter", " ", "x"]) keys.press(press(key, { enters: true, spaces: true }));
  assert.deepEqual(done, ["expire"]);
});

test("Space presses no link, and pauses from there", () => {
  const { keys, done } = pad(["open", "pause"]);
  for (const key of ["Enter", " "]) keys.press(press(key, { enters: true }));
  assert.deepEqual(done, ["pause"]);
});

test("two keys, one soon after the other", () => {
  const { keys, done } = pad(["now", "next", "form"]);
  const type = (...presses: Array<[string, number]>) => presses.forEach(([key, at]) => keys.press(press(key, { at })));
  type(["g", 0], ["n", 1500]);
  assert.deepEqual(done.splice(0), ["now"]);
  type(["g", 2000], ["n", 3501]);
  assert.deepEqual(done.splice(0), []);
  type(["g", 4000], ["j", 4100], ["n", 4200]);
  assert.deepEqual(done.splice(0), ["next"]);
  type(["g", 5000], ["g", 5100], ["n", 5200]);
  assert.deepEqual(done.splice(0), ["now"]);
});

test("a key held down repeats only what is a step", () => {
  const { keys, done } = pad(["expire", "next"]);
  for (const key of ["x", "j"]) keys.press(press(key, { repeated: true }));
  assert.deepEqual(done, ["next"]);
});

test("single keys can be switched off, Enter and Escape not", () => {
  const { keys, done } = pad(["help", "pause", "now", "open", "release"]);
  keys.enabled = false;
  for (const key of ["?", " ", "g", "n", "Enter", "Escape"]) keys.press(press(key));
  assert.deepEqual(done.splice(0), ["open", "release"]);
  keys.enabled = true;
  keys.press(press("?"));
  assert.deepEqual(done, ["help"]);
});

test("the newest that can do an action does it", () => {
  const { keys, done } = pad(["release"]);
  let open = true;
  keys.on("release", () => (open ? void done.push("panel") : false));
  keys.press(press("Escape"));
  open = false;
  keys.press(press("Escape"));
  assert.deepEqual(done, ["panel", "release"]);
});

test("an action that no key is for is a mistake", () => {
  assert.throws(() => new Keys().on("fly", () => {}), /no key is for fly/);
});

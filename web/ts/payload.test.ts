import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, display, oneLine, visible } from "./payload";

const utf8 = (text: string) => new TextEncoder().encode(text);

test("text stays text, letter for letter", () => {
  for (const text of ["hello", "你好，世界", "ping 🟢", "<img src=x onerror=alert(1)>", "مرحبا", "👩‍👩‍👧", "a b  c"]) {
    assert.deepEqual(display(utf8(text)), { kind: "text", text, size: utf8(text).length, cut: false });
  }
});

test("nothing is empty without saying so", () => {
  assert.equal(display(new Uint8Array()).text, "(empty)");
});

test("control characters are symbols", () => {
  assert.equal(display(utf8("a\tb\nc\r\u001b[31mred, and so on")).text, "a␉b␊c␍␛[31mred, and so on");
  assert.equal(visible("\u007f\u0085\u2028\ufeff"), "␡⟨U+0085⟩␤⟨U+FEFF⟩");
});

test("overrides of direction are shown, not obeyed", () => {
  assert.equal(visible("safe\u202egnp.exe"), "safe⟨U+202E⟩gnp.exe");
  assert.equal(visible("a\u200fb"), "a\u200fb");
});

test("JSON is put on one line without touching its strings and numbers", () => {
  const json = '{\n  "order": 12345678901234567890,\n  "note": "two  spaces \\" and }",\n  "list": [1.10, 2]\n}';
  const body = display(utf8(json));
  assert.equal(body.kind, "json");
  assert.equal(body.text, '{ "order": 12345678901234567890, "note": "two  spaces \\" and }", "list": [1.10, 2] }');
  assert.equal(oneLine('["unended'), '["unended');
});

test("bytes that are no text are told as such", () => {
  const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0]);
  assert.equal(display(png, 2112).text, "application data, 2,112 B: 89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52 …");
  assert.equal(display(Uint8Array.from([0xff])).text, "application data, 1 B: ff");
  assert.equal(display(new Uint8Array(40)).kind, "binary");
});

test("a cut payload says how long the whole is, and is not called binary for its torn last character", () => {
  const whole = utf8("世界".repeat(600));
  const body = display(whole.subarray(0, 1000), 1 << 20);
  assert.equal(body.kind, "text");
  assert.ok(body.cut && body.text.endsWith("界… 1.0 MiB") || body.text.endsWith("世… 1.0 MiB"));
  assert.equal(display(whole.subarray(0, 1000)).kind, "binary");
});

test("a very long line is cut between characters", () => {
  const body = display(utf8("a" + "🟢".repeat(1000)));
  assert.ok(body.cut);
  assert.ok(!/[\ud800-\udbff](?![\udc00-\udfff])/.test(body.text));
});

test("sizes and counts", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(2112), "2,112 B");
  assert.equal(bytes(65536), "64.0 KiB");
  assert.equal(bytes(1 << 20), "1.0 MiB");
  assert.equal(bytes(1363149), "1.3 MiB");
  assert.equal(bytes(500 * 1024), "500 KiB");
  assert.equal(count(84311), "84,311");
  assert.equal(count(999), "999");
});

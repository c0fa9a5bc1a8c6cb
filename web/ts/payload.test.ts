import assert from "node:assert/strict";
import { test } from "node:test";
import texts from "../testdata/texts.json";
import { bytes, count, display, rate, rough, said, sum, visible } from "./payload";

const utf8 = (text: string) => new TextEncoder().encode(text);

test("text stays text, letter for letter", () => {
  const texts = ["hello", "你好，世界", "ping 🟢", "<img src=x onerror=alert(1)>", "مرحبا", "👩‍👩‍👧", "a b  c", "می‌خواهم", "{not json"];
  for (const text of texts) assert.deepEqual(display(utf8(text)), { text, note: false, cut: "" });
});

test("nothing is empty without saying so", () => {
  const body = display(new Uint8Array());
  assert.deepEqual([said(body), body.note, body.cut], ["(empty)", true, ""]);
});

test("control characters are symbols", () => {
  assert.equal(display(utf8("a\tb\nc\r\u001b[31mred\0, and so on")).text, "a␉b␊c␍␛[31mred␀, and so on");
  assert.equal(visible("\u007f\u0085\u2028\ufeff\u3164"), "␡⟨U+0085⟩␤⟨U+FEFF⟩⟨U+3164⟩");
});

test("what turns or hides text is shown, not obeyed", () => {
  assert.equal(visible("safe\u202egnp.exe"), "safe⟨U+202E⟩gnp.exe");
  assert.equal(visible("pay\u200dpal"), "pay⟨U+200D⟩pal");
  assert.equal(visible("\u{e0041}"), "⟨U+E0041⟩");
  assert.equal(visible("\u0600١"), "\u0600١");
});

test("JSON is put on one line without touching its strings and numbers", () => {
  const json = '{\n  "order": 12345678901234567890,\n  "note": "two  spaces \\" and }",\n  "list": [1.10, 2]\n}\n';
  assert.equal(display(utf8(json)).text, '{ "order": 12345678901234567890, "note": "two  spaces \\" and }", "list": [1.10, 2] }');
  assert.equal(display(utf8('{"a": 1}')).text, '{"a": 1}');
  assert.equal(display(utf8("{\n")).text, "{␊");
});

test("bytes that are no text are told as such", () => {
  const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0]);
  assert.equal(said(display(png, 2112)), "application data, 2,112 B: 89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52 …");
  assert.deepEqual(display(Uint8Array.from([0xff])), { text: "ff", note: true, size: "1 B", cut: "" });
  assert.ok(display(new Uint8Array(40)).note);
});

test("a cut payload says how long the whole is, and is not called binary for its torn last character", () => {
  const whole = utf8("世界".repeat(600));
  const body = display(whole.subarray(0, 1000), 1 << 20);
  assert.ok(body.text.startsWith("世界") && !body.text.includes("\ufffd"));
  assert.equal(body.cut, "… 1.0 MiB");
  assert.ok(display(whole.subarray(0, 1000)).note);
});

test("a very long line is cut between characters", () => {
  const body = display(utf8("a" + "🟢".repeat(1000)));
  assert.equal(body.text, "a" + "🟢".repeat(599));
  assert.equal(body.cut, "… 4,001 B");
});

test("sizes, counts and rates", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(2112), "2,112 B");
  assert.equal(bytes(65536), "64.0 KiB");
  assert.equal(bytes(1 << 20), "1.0 MiB");
  assert.equal(bytes(1363149), "1.3 MiB");
  assert.equal(sum(3100), "3.1 kB");
  assert.equal(sum(999_600), "1.0 MB");
  assert.equal(sum(41_200), "41 kB");
  assert.equal(count(84311), "84,311");
  assert.equal(count(999), "999");
  assert.equal(rate(2), "2.0");
  assert.equal(rate(10021.4), "10,021");
  assert.equal(rate(0), "0");
});

test("where there is little room, the server writes the same", () => {
  for (const [n, text] of texts.rough) assert.equal(rough(n as number), text);
});

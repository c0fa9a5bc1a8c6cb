import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown, dyingFrom, parse, rough, short, words } from "./duration";

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const d = 24 * h;

test("the box reads what people write", () => {
  const cases: Array<[string, number]> = [
    ["250ms", 250],
    ["90", 90 * s],
    ["1.5 h", 90 * min],
    ["2h30m", 150 * min],
    ["2 h 30 min", 150 * min],
    ["10 分钟", 10 * min],
    ["10分", 10 * min],
    ["1小时30分钟", 90 * min],
    ["３０ 秒", 30 * s],
    ["7 d", 7 * d],
    [" 1 Day ", d],
    ["0", 0],
    ["0 s", 0],
    ["0.0004", 1],
    ["1.2 ms", 2],
    [".5 s", 500],
    ["1.1 s", 1100],
    ["0.3 s", 300],
    ["4.35", 4350],
    ["1d 1ms", d + 1],
    ["3650 d", 3650 * d],
    ["2小時", 2 * h],
  ];
  for (const [text, ms] of cases) assert.deepEqual(parse(text), { ms }, text);
});

test("the box says what it does not understand", () => {
  for (const text of ["", "-5", "−5 s", "soon", "5 parsecs", "30m2h", "1h 1h", "2h30", "1:30", "4.5.6 s", "1,5 h", "h", "1e3", "0x10", "3651 d"]) {
    const parsed = parse(text);
    assert.ok("error" in parsed && parsed.error.length > 10, text);
  }
});

test("short is exact and is read back as the same", () => {
  const cases: Array<[number, string]> = [
    [0, "0"],
    [1, "1 ms"],
    [250, "250 ms"],
    [1500, "1.5 s"],
    [30 * s, "30 s"],
    [min, "1 min"],
    [90 * s, "1 min 30 s"],
    [150 * min, "2 h 30 min"],
    [min + 1, "1 min 0.001 s"],
    [7 * d, "7 d"],
  ];
  for (const [ms, text] of cases) {
    assert.equal(short(ms), text);
    assert.deepEqual(parse(text), { ms });
  }
});

test("words are for reading aloud", () => {
  assert.equal(words(0), "now or never: not kept");
  assert.equal(words(s), "1 second");
  assert.equal(words(8 * s), "8 seconds");
  assert.equal(words(30 * s), "30 seconds");
  assert.equal(words(150 * min), "2 hours 30 minutes");
  assert.equal(words(250), "250 milliseconds");
  assert.equal(words(d), "1 day");
});

test("the countdown rounds up and is never 0 while alive", () => {
  const cases: Array<[number, string]> = [
    [1, "0.1 s"],
    [9800, "9.8 s"],
    [9801, "9.9 s"],
    [9901, "10 s"],
    [10 * s, "10 s"],
    [25_001, "26 s"],
    [59_001, "1:00"],
    [min, "1:00"],
    [246_500, "4:07"],
    [h - 1, "1 h 00"],
    [h, "1 h 00"],
    [3 * h + 11.2 * min, "3 h 12"],
    [47 * h + 59 * min, "47 h 59"],
    [2 * d, "2 d"],
    [5.2 * d, "6 d"],
    [7 * d, "7 d"],
  ];
  for (const [left, text] of cases) assert.equal(countdown(left), text, `${left}`);
});

test("the countdown never rises", () => {
  const inMs = (text: string) =>
    text.includes(":")
      ? Number(text.split(":")[0]) * 60 + Number(text.split(":")[1])
      : text.endsWith(" s")
        ? Number(text.slice(0, -2))
        : text.endsWith(" d")
          ? Number(text.slice(0, -2)) * 86400
          : Number(text.split(" h ")[0]) * 3600 + Number(text.split(" h ")[1]) * 60;
  let before = Infinity;
  for (let left = 3 * d; left > 0; left -= left > 70 * s ? 997 : 13) {
    const now = inMs(countdown(left));
    assert.ok(now <= before, `${left}: ${countdown(left)}`);
    before = now;
  }
});

test("spans in sentences keep two units", () => {
  assert.equal(rough(1200), "1 s");
  assert.equal(rough(62_400), "1 min 2 s");
  assert.equal(rough(3 * h + 12.4 * min), "3 h 12 min");
  assert.equal(rough(2 * d + 5.2 * h), "2 d 5 h");
});

test("dying is the last tenth, one second to one minute", () => {
  assert.equal(dyingFrom(2 * s), s);
  assert.equal(dyingFrom(30 * s), 3 * s);
  assert.equal(dyingFrom(7 * d), min);
});

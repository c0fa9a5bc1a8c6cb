import assert from "node:assert/strict";
import { test } from "node:test";
import samples from "../testdata/texts.json";
import chinese from "../texts/zh-CN.json";
import { driftText } from "./drift";
import { countdown, parse, short, typed, words } from "./duration";
import { outlook } from "./forecast";
import type { Loaded } from "./texts";
import { clock, exact, field, fieldTime, sameDay, when } from "./times";
import { Zone, zone } from "./zone";

const now = Date.parse("2026-11-22T14:32:07Z");
const english = globalThis.lingerTexts;

function inChinese(check: () => void): void {
  globalThis.lingerTexts = { tag: "zh-CN", texts: chinese as Loaded["texts"] };
  try {
    check();
  } finally {
    globalThis.lingerTexts = english;
  }
}

function zoneOf(kind: Zone["kind"]): void {
  while (zone.kind !== kind) zone.next();
}

test("times are written as the server writes them, in both languages", () => {
  zoneOf("utc");
  for (const [iso, clockEn, clockZh, exactEn, exactZh] of samples.moments) {
    const at = Date.parse(iso as string);
    assert.deepEqual([clock(at, now), exact(at)], [clockEn, exactEn]);
    inChinese(() => assert.deepEqual([clock(at, now), exact(at)], [clockZh, exactZh]));
  }
});

test("lifetimes in Chinese are written as the server writes them, and read back", () =>
  inChinese(() => {
    for (const [ms, text] of samples.chinese.short) {
      assert.equal(short(ms as number), text);
      assert.deepEqual(parse(text as string), { ms });
    }
    for (const [ms, text] of samples.chinese.words) assert.equal(words(ms as number), text);
    for (const [ms, text] of samples.chinese.countdown) assert.equal(countdown(ms as number), text);
    for (const [ms, text] of samples.chinese.drift) assert.equal(driftText(ms as number), text);
    for (const [pairs, text] of samples.chinese.outlook) {
      const forecast = (pairs as number[][]).map(([after, messages]) => ({ after: after ?? 0, messages: messages ?? 0, bytes: 0 }));
      assert.equal(outlook(forecast), text);
    }
    assert.equal(typed(9_000_000), "2h30m", "an address is the same in every language");
  }));

test("relative times are told by how far they are", () => {
  zoneOf("relative");
  assert.equal(when(now + 30_400, now), "in 30 s");
  assert.equal(when(now - 12_000, now), "12 s ago");
  assert.equal(when(now - 200, now), "1 s ago");
  assert.equal(when(now - 754_000, now), "12 min ago");
  assert.equal(when(now + 27.5 * 3_600_000, now), "in 1 d 3 h");
  inChinese(() => assert.equal(when(now + 30_400, now), "30 秒后"));
  inChinese(() => assert.equal(when(now - 12_000, now), "12 秒前"));
  zoneOf("utc");
  assert.equal(when(now - 12_000, now), "14:31:55");
});

test("the zone goes round and is kept", () => {
  const kept = new Map<string, string>();
  const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const first = new Zone(store);
  let told = 0;
  first.changed(() => told++);
  const kinds = [first.kind];
  for (let i = 0; i < 3; i++) {
    first.next();
    kinds.push(first.kind);
  }
  assert.deepEqual(kinds, ["local", "utc", "relative", "local"]);
  assert.equal(told, 3);
  first.next();
  assert.equal(new Zone(store).kind, "utc");
  kept.set("linger.zone", "mars");
  assert.equal(new Zone(store).kind, "local");
});

test("a day ends at midnight of the zone", () => {
  zoneOf("utc");
  assert.ok(sameDay(Date.parse("2026-11-22T00:00:00Z"), Date.parse("2026-11-22T23:59:59.999Z")));
  assert.ok(!sameDay(Date.parse("2026-11-22T23:59:59.999Z"), Date.parse("2026-11-23T00:00:00Z")));
});

test("a field for a time is written and read in the zone", () => {
  const before = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
  try {
    zoneOf("utc");
    assert.equal(field(now), "2026-11-22T14:32:07");
    assert.equal(fieldTime("2026-11-22T14:32:07"), now);
    assert.equal(zone.place(now), "UTC");
    for (const kind of ["local", "relative"] as const) {
      zoneOf(kind);
      assert.equal(field(now), "2026-11-22T15:32:07");
      assert.equal(fieldTime("2026-11-22T15:32:07"), now);
      assert.equal(fieldTime("2026-11-22T15:32"), now - 7000);
      assert.equal(zone.place(now), "Local, UTC+1");
    }
    // An hour before and after clocks go back, and in summer.
    for (const iso of ["2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z", "2026-07-01T12:00:00Z"]) {
      assert.equal(fieldTime(field(Date.parse(iso))), Date.parse(iso));
    }
    assert.equal(fieldTime(""), undefined);
  } finally {
    zoneOf("utc");
    process.env["TZ"] = before;
    if (before === undefined) delete process.env["TZ"];
  }
});

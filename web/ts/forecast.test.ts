import assert from "node:assert/strict";
import { test } from "node:test";
import texts from "../testdata/texts.json";
import { heights, outlook, pace, split } from "./forecast";
import type { Ending } from "./frame";
import { sentence } from "./look-ahead";
import { END, LAST, position } from "./scale";

type Pairs = Array<[number, number]>;
const endings = (pairs: Pairs): Ending[] => pairs.map(([after, messages]) => ({ after, messages, bytes: 100 * messages }));

test("bars are linear, and what is beyond the axis stands at its edge", () => {
  const cases = texts.bars as unknown as Array<[Pairs, Record<string, string>]>;
  assert.ok(cases.length > 0);
  for (const [pairs, bars] of cases) {
    const want = Array.from({ length: LAST }, (_, i) => bars[i] ?? "0%");
    assert.deepEqual(heights(endings(pairs)), want, JSON.stringify(pairs));
  }
});

test("the outlook says what the server's page says", () => {
  const cases = texts.outlook as unknown as Array<[Pairs, string]>;
  assert.ok(cases.length > 0);
  for (const [pairs, says] of cases) assert.equal(outlook(endings(pairs)), says);
});

test("between two moves a tick falls behind by about a pixel", () => {
  for (const width of [300, 750, 1100]) {
    for (let left = 1; left < 2 * END; left = left * 1.07 + 1) {
      const moved = width * (position(left) - position(left - pace(left)));
      assert.ok(moved < 1.2, `${width} px, ${left} ms left: ${moved}`);
    }
  }
});

test("a look ahead tells what is still here at a stop, and what is gone", () => {
  const forecast = endings([[8_000, 5], [50_000, 7], [300_000, 20], [7_200_000, 9]]);
  assert.deepEqual(split(forecast, 0), { here: 41, bytes: 4100, gone: 0 });
  assert.deepEqual(split(forecast, 300_000), { here: 29, bytes: 2900, gone: 12 });
  assert.deepEqual(split(forecast, END), { here: 0, bytes: 0, gone: 41 });
  const now = new Date(2026, 10, 22, 14, 32, 7).getTime();
  assert.equal(sentence(300_000, now, split(forecast, 300_000)), "In 5 min, at 14:37:07: 29 still here (2.9 kB), 12 gone.");
  assert.equal(sentence(END, now, split(forecast, END)), "In 7 d, at Sun 29 Nov, 14:32: 0 still here, 41 gone.");
});

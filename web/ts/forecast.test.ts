import assert from "node:assert/strict";
import { test } from "node:test";
import texts from "../testdata/texts.json";
import { heights, outlook, pace } from "./forecast";
import type { Ending } from "./frame";
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

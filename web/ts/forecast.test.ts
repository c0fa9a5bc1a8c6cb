import assert from "node:assert/strict";
import { test } from "node:test";
import texts from "../testdata/texts.json";
import { between, heights, outlook, pace } from "./forecast";
import type { Ending } from "./frame";
import { foresee } from "./look-ahead";
import { END, LAST, position } from "./scale";
import { t } from "./texts";

type Pairs = Array<[number, number]>;
const endings = (pairs: Pairs): Ending[] => pairs.map(([after, messages]) => ({ after, messages, bytes: 100 * messages }));

test("bars are linear, and what is beyond the axis stands at its edge", () => {
  const cases = texts.bars as unknown as Array<[Pairs, Record<string, string>]>;
  assert.ok(cases.length > 0);
  for (const [pairs, bars] of cases) {
    const want = Array.from({ length: LAST }, (_, i) => bars[i] ?? "0%");
    assert.deepEqual(heights(endings(pairs), "messages"), want, JSON.stringify(pairs));
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

test("bars stand for bytes as well", () => {
  const forecast = [{ after: 0, messages: 9, bytes: 10 }, { after: 1000, messages: 1, bytes: 40 }];
  assert.deepEqual(heights(forecast, "bytes").slice(0, 3), ["25%", "100%", "0%"]);
});

test("a part of a forecast is exact at the stops, and even within an interval", () => {
  const forecast = endings([[8_000, 5], [50_000, 10], [300_000, 20], [END, 9]]);
  assert.deepEqual(between(forecast, 300_000, Infinity), { messages: 29, bytes: 2900 });
  assert.deepEqual(between(forecast, -Infinity, 300_000), { messages: 15, bytes: 1500 });
  assert.deepEqual(between(forecast, 52_000, 53_000), { messages: 1, bytes: 100 });
  assert.deepEqual(between(forecast, END, Infinity), { messages: 9, bytes: 900 });
  assert.deepEqual(between(forecast, 0, END), { messages: 35, bytes: 3500 });
  assert.deepEqual(between(forecast, 70_000, 60_000), { messages: 0, bytes: 0 });
});

test("a look ahead tells what is still here at a stop, and what is gone", () => {
  const now = new Date(2026, 10, 22, 14, 32, 7).getTime();
  const share = (messages: number, exact = true) => ({ messages, bytes: 100 * messages, exact });
  const sentence = (...look: Parameters<typeof foresee>) => t("ahead.says", foresee(...look));
  assert.equal(sentence(300_000, now, share(29), share(12)), "In 5 min, at 14:37:07: 29 still here (2.9 kB), 12 gone.");
  assert.equal(sentence(300_000, now, share(4812, false), share(12)), "In 5 min, at 14:37:07: ≈4,812 still here (481 kB), 12 gone.");
  assert.equal(sentence(END, now, share(0), share(41)), "In 7 d, at Sun 29 Nov, 14:32: 0 still here, 41 gone.");
});

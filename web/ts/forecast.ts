// What of the retained ends when, as the horizon draws and says it. The same as web/horizon.go, and as pure.
import { percent } from "./dom";
import { short } from "./duration";
import type { Ending } from "./frame";
import { LAST, lifetime, position, stop, stopAtOrBelow } from "./scale";
import { t } from "./texts";

const MINUTE = 60_000;

// Measure is what the height of a bar stands for.
export type Measure = "messages" | "bytes";

// heights are those of the 47 bars, as SVG lengths. They are linear: the tallest is as high as the horizon.
export function heights(forecast: readonly Ending[], measure: Measure): string[] {
  const sums = new Array<number>(LAST).fill(0);
  for (const ending of forecast) {
    // What is left for longer than the axis stands at its edge, as lines do.
    const i = Math.min(stopAtOrBelow(ending.after), LAST - 1);
    sums[i] = (sums[i] as number) + ending[measure];
  }
  const tallest = Math.max(1, ...sums);
  return sums.map((n) => percent(n / tallest));
}

// outlook sums up a forecast in a sentence: "41 retained; 12 go within a minute, the last within 3 h".
export function outlook(forecast: readonly Ending[]): string {
  let all = 0;
  let soon = 0;
  let last = 0;
  for (const { after, messages } of forecast) {
    if (messages === 0) continue;
    all += messages;
    if (after < MINUTE) soon += messages;
    last = Math.max(last, after);
  }
  if (all === 0) return t("horizon.none");
  const i = stopAtOrBelow(last);
  const end = i < LAST ? t("horizon.within", { time: short(stop(i + 1)) }) : t("horizon.after", { time: short(stop(LAST)) });
  if (all === 1) return t("horizon.one", { count: all, end });
  if (soon === all) return t("horizon.all", { count: all, end });
  if (soon === 0) return t("horizon.late", { count: all, end });
  return t("horizon.some", { all, count: soon, end });
}

// pace is in how many milliseconds what has `left` to live has moved on the axis by a fortieth of an interval, about half
// a pixel; at most twenty times a second.
export function pace(left: number): number {
  return Math.max(50, left - lifetime(position(left) - 1 / (40 * LAST)));
}

// between adds up what has from `from` to `to` milliseconds left. It is exact at the stops; what an interval holds is taken
// to end evenly over it. What has more left than the axis is long is not told apart: all of it, or nothing.
export function between(forecast: readonly Ending[], from: number, to: number): { messages: number; bytes: number } {
  const all = { messages: 0, bytes: 0 };
  for (const { after, messages, bytes } of forecast) {
    const i = stopAtOrBelow(after);
    const share = i < LAST ? (Math.min(to, stop(i + 1)) - Math.max(from, after)) / (stop(i + 1) - after) : Number(to > after + 1 && from <= after + 1);
    if (share <= 0) continue;
    all.messages += messages * share;
    all.bytes += bytes * share;
  }
  return all;
}

// What the demo does, and when: a minute of messages in three topics that each show one thing. Pure; DemoPlayer plays it.
//
//	demo.weather  every 2 s, kept 20 s: a steady tide
//	demo.orders   every 3 s, kept 90 s: longer lives, of which one is extended and one is expired early
//	demo.codes    every 7 s, kept 5 s: nobody listens, so they go undelivered

const SECOND = 1000;

// LENGTH of the demo. Its last message outlives it by less than LONGEST. Milliseconds.
export const LENGTH = 60 * SECOND;
export const LONGEST = 90 * SECOND;

// LATE is how late a step may be taken; one that is later, since the page was away, is left out.
export const LATE = 5 * SECOND;

// LISTENED are the topics that the demo subscribes to while it plays. What is delivered to nobody is told apart by that.
export const LISTENED = ["demo.weather", "demo.orders"];

// Step is one thing to do, `at` milliseconds after the beginning.
export type Step =
  | { at: number; kind: "publish"; topic: string; data: string; ttl: number }
  // extend and expire are about the nth message of the topic that the demo published, counted from 0. extend gives it
  // `by` more than it has.
  | { at: number; kind: "extend"; topic: string; nth: number; by: number }
  | { at: number; kind: "expire"; topic: string; nth: number };

// STEPS are all of them, in order.
export const STEPS: readonly Step[] = [
  ...every(2, 0, (at, n) => ({ at, kind: "publish", topic: "demo.weather", data: weather(n), ttl: 20 * SECOND })),
  ...every(3, 1, (at, n) => ({ at, kind: "publish", topic: "demo.orders", data: order(n), ttl: LONGEST })),
  ...every(7, 3, (at, n) => ({ at, kind: "publish", topic: "demo.codes", data: code(n), ttl: 5 * SECOND })),
  { at: 40 * SECOND, kind: "extend", topic: "demo.orders", nth: 3, by: 30 * SECOND } as const,
  { at: 46 * SECOND, kind: "expire", topic: "demo.orders", nth: 5 } as const,
].sort((a, b) => a.at - b.at);

// due are the steps later than `after` and not later than `until`, both counted from the beginning.
export function due(after: number, until: number): Step[] {
  return STEPS.filter(({ at }) => at > Math.max(after, until - LATE) && at <= until);
}

// every makes a step each so many seconds, beginning at `first`.
function every(period: number, first: number, make: (at: number, n: number) => Step): Step[] {
  const count = Math.ceil((LENGTH / SECOND - first) / period);
  return Array.from({ length: count }, (_, n) => make((first + n * period) * SECOND, n));
}

function weather(n: number): string {
  const stations = ["Lisbon", "Oslo", "Nairobi", "Lima", "Taipei"];
  const celsius = (18.4 + 6 * Math.sin(n / 3)).toFixed(1);
  return `{"station":"${stations[n % stations.length]}","celsius":${celsius}}`;
}

function order(n: number): string {
  return `{"order":${8812 + n},"total":"${(19.9 + ((n * 37) % 80)).toFixed(2)}","items":${1 + (n % 4)}}`;
}

function code(n: number): string {
  return `${482 - 37 * n} ${190 + 61 * n}`;
}

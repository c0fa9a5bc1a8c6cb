// What is alive in a scope, as far as the page knows it: the soonest to go, without a hole up to `covered`.
//
// It begins as a page of the list and is kept up by the watch. Where the watch leaves births out, or says that it is
// incomplete, the set is `stale` and wants to be read again. Pure: no page, no network, no clock of its own.
import type { Change, Ended, Preview } from "./frame";
import { type Key, type Message, keyOf, passing, soonerFirst } from "./message";

// End is how an entry ended. By its deadline alone, `reason` is 0 and nothing is known of deliveries yet.
export interface End {
  at: number;
  reason: number;
  deliveries: number | undefined;
}

// Entry is one message in the page's hands; lists keep pointing at it after it has ended.
export interface Entry {
  message: Message;
  end: End | undefined;
  // born is when it came to be known as it was published, by the page's clock; 0 when it was read from a list.
  born: number;
}

// MOST entries are kept; beyond them the far end is let go, and read again when it comes near.
export const WINDOW = 200;
const MOST = 2 * WINDOW;

// Bounds are those of a set of deadlines, in milliseconds since 1970: `from` is in it, `to` is not.
export interface Bounds {
  from: number;
  to: number;
}

type Event = { kind: "born"; preview: Preview } | { kind: "ended"; range: Ended } | { kind: "changed"; change: Change };

export class Retained {
  // entries are alive, soonest first.
  entries: Entry[] = [];
  // covered is the deadline up to which nothing alive is missing here. Infinity: all is here.
  covered = -Infinity;
  stale = true;

  private readonly byKey = new Map<Key, Entry>();
  // journal is what happened while a list was on its way here; it may know more than the list.
  private journal: Event[] | undefined;

  // bounds are the deadlines that belong here: usually all.
  constructor(readonly bounds: Bounds = { from: -Infinity, to: Infinity }) {}

  // part is what is known here of what ends within bounds, to be kept up beside this.
  part(bounds: Bounds): Retained {
    const part = new Retained(bounds);
    const inside = this.entries.filter(({ message: { expires } }) => expires >= bounds.from && expires < bounds.to);
    const covered = this.covered >= bounds.to ? Infinity : this.covered;
    part.replace(inside.map(({ message }) => ({ ...message })), covered > bounds.from ? covered : -Infinity, 0);
    part.stale = this.stale || part.covered < Infinity;
    return part;
  }

  // begin notes down what happens from now on, until the list that is being read arrives.
  begin(): void {
    this.journal = [];
    this.stale = false;
  }

  // fail ends begin without a list.
  fail(): void {
    this.journal = undefined;
    this.stale = true;
  }

  // replace takes in a list by deadline, complete up to `covered`, and what happened since it was asked for.
  replace(messages: Message[], covered: number, now: number): void {
    const known = new Map(this.byKey);
    this.entries = [];
    this.byKey.clear();
    for (const message of messages) {
      const entry = known.get(keyOf(message)) ?? known.get(looseKey(message));
      this.put(this.renew(entry, message));
    }
    this.entries.sort((a, b) => soonerFirst(a.message, b.message));
    this.covered = covered;
    const journal = this.journal ?? [];
    this.journal = undefined;
    for (const event of journal) this.apply(event, now);
  }

  // adopt takes in what the server rendered, until the first list.
  adopt(messages: Message[]): void {
    for (const message of messages) this.put({ message, end: undefined, born: 0 });
    this.entries.sort((a, b) => soonerFirst(a.message, b.message));
  }

  // extend takes in the next page of the list.
  extend(messages: Message[], covered: number): void {
    for (const message of messages) {
      if (message.expires >= this.covered && !this.byKey.has(keyOf(message))) this.put({ message, end: undefined, born: 0 });
    }
    this.entries.sort((a, b) => soonerFirst(a.message, b.message));
    this.covered = covered;
  }

  born(preview: Preview, now: number): void {
    this.apply({ kind: "born", preview }, now);
  }

  ended(range: Ended, now: number): void {
    this.apply({ kind: "ended", range }, now);
  }

  changed(change: Change, now: number): void {
    this.apply({ kind: "changed", change }, now);
  }

  // expire ends what is past its deadline, and returns it, soonest first.
  expire(now: number): Entry[] {
    let count = 0;
    while (count < this.entries.length && (this.entries[count] as Entry).message.expires <= now) count++;
    const dead = this.entries.splice(0, count);
    for (const entry of dead) {
      entry.end = { at: entry.message.expires, reason: 0, deliveries: undefined };
      this.byKey.delete(keyOf(entry.message));
      this.remember(entry);
    }
    return dead;
  }

  // get finds what is alive, or ended a moment ago.
  get(key: Key): Entry | undefined {
    return this.byKey.get(key) ?? this.departed.get(key);
  }

  // next is the earliest deadline; Infinity when nothing is here.
  get next(): number {
    return this.entries[0]?.message.expires ?? Infinity;
  }

  // before counts what goes until `deadline`; undefined when not all of it is known.
  before(deadline: number): number | undefined {
    if (deadline > this.covered) return undefined;
    return this.place(deadline);
  }

  // aliveAt counts what was published by `time` and then alive.
  aliveAt(time: number): number {
    return this.entries.reduce((sum, { message }) => sum + (message.published <= time && message.expires > time ? 1 : 0), 0);
  }

  private apply(event: Event, now: number): void {
    this.journal?.push(event);
    if (event.kind === "born") this.bear(event.preview, now);
    else if (event.kind === "ended") this.bury(event.range);
    else this.change(event.change);
  }

  private bear(preview: Preview, now: number): void {
    const { message } = preview;
    if (passing(message) || message.expires <= now || !this.wants(message.expires)) return;
    const key = keyOf(message);
    if (this.byKey.has(key) || this.departed.has(key)) return;
    this.insert({ message: { ...message }, end: undefined, born: preview.recent ? 0 : now });
    this.trim();
  }

  private bury(range: Ended): void {
    const end = { at: range.at, reason: range.reason, deliveries: range.deliveries };
    for (const entry of this.departed.values()) {
      if (within(range, entry.message) && entry.end) Object.assign(entry.end, { reason: range.reason, deliveries: range.deliveries });
    }
    const remaining = this.entries.filter((entry) => {
      if (!within(range, entry.message)) return true;
      entry.end = { ...end, at: Math.min(end.at, entry.message.expires) };
      this.byKey.delete(keyOf(entry.message));
      this.remember(entry);
      return false;
    });
    if (remaining.length !== this.entries.length) this.entries = remaining;
  }

  private change(change: Change): void {
    const key = keyOf(change);
    const entry = this.byKey.get(key) ?? this.revive(key, change);
    if (!entry) {
      // One from beyond the window came nearer; what it says is not known here.
      if (this.wants(change.expires) && !this.departed.has(key)) this.stale = true;
      return;
    }
    this.entries = this.entries.filter((other) => other !== entry);
    entry.message.expires = change.expires;
    if (this.wants(change.expires)) this.insert(entry);
    else this.byKey.delete(key);
  }

  // wants says whether a message with that deadline belongs here, as far as the set goes.
  private wants(deadline: number): boolean {
    return deadline < this.covered && deadline >= this.bounds.from && deadline < this.bounds.to;
  }

  // revive takes back what ended here by its deadline alone, when the server says that it has another one: the change was
  // accepted in time and told a moment after.
  private revive(key: Key, change: Change): Entry | undefined {
    const entry = this.departed.get(key);
    if (entry?.end?.reason !== 0 || change.expires <= entry.message.expires) return undefined;
    this.departed.delete(key);
    entry.end = undefined;
    this.byKey.set(key, entry);
    return entry;
  }

  // departed remembers the last that ended, so that a late word about them neither revives nor misses them.
  private readonly departed = new Map<Key, Entry>();

  private remember(entry: Entry): void {
    this.departed.set(keyOf(entry.message), entry);
    if (this.departed.size <= MOST) return;
    for (const key of this.departed.keys()) {
      this.departed.delete(key);
      break;
    }
  }

  private renew(entry: Entry | undefined, message: Message): Entry {
    if (!entry) return { message, end: undefined, born: 0 };
    entry.message = message;
    return entry;
  }

  private put(entry: Entry): void {
    this.entries.push(entry);
    this.byKey.set(keyOf(entry.message), entry);
  }

  private insert(entry: Entry): void {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (soonerFirst((this.entries[middle] as Entry).message, entry.message) <= 0) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
    this.byKey.set(keyOf(entry.message), entry);
  }

  private place(deadline: number): number {
    const at = this.entries.findIndex(({ message }) => message.expires > deadline);
    return at < 0 ? this.entries.length : at;
  }

  // trim lets the far end go when births have made the set too large.
  private trim(): void {
    if (this.entries.length <= MOST) return;
    for (const entry of this.entries.splice(WINDOW)) this.byKey.delete(keyOf(entry.message));
    // Others with the last one's deadline may have gone with the rest.
    this.covered = (this.entries.at(-1) as Entry).message.expires;
  }
}

// within says whether a message is one of those that ended.
export function within(range: Ended, message: Message): boolean {
  return (
    message.sequence >= range.first &&
    message.sequence <= range.last &&
    message.topic === range.topic &&
    message.incarnation === range.incarnation
  );
}

// looseKey names a message that the server rendered: its incarnation is not on the page.
function looseKey(message: Message): Key {
  return keyOf({ ...message, incarnation: "" });
}

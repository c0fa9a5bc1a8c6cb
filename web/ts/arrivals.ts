// What arrived while one looks away or has paused: how many, and how many of them are gone by now. Exact as long as each
// message was shown; at a high rate the messages shown stand for those left out before them. Pure.
import type { Change, Ended, Preview } from "./frame";
import { keyOf } from "./message";

// MOST messages are kept track of; beyond them each of the rest stands for its neighbour, too.
const MOST = 4000;

interface Arrival {
  key: string;
  gone: number; // when it goes, or went
  stands: number; // for so many messages, itself included
}

export class Arrivals {
  // count is how many arrived.
  count = 0;
  // exact says that gone is a count, not an estimate from the messages that were shown.
  exact = true;

  private all: Arrival[] = [];
  private byKey = new Map<string, Arrival>();

  take(previews: readonly Preview[]): void {
    for (const { message, leftOut, recent } of previews) {
      const key = keyOf(message);
      if (recent || this.byKey.has(key)) continue;
      const arrival = { key, gone: message.expires, stands: leftOut + 1 };
      this.count += arrival.stands;
      if (leftOut > 0) this.exact = false;
      this.all.push(arrival);
      this.byKey.set(key, arrival);
    }
    while (this.all.length > MOST) this.thin();
  }

  changed(change: Change): void {
    const arrival = this.byKey.get(keyOf(change));
    if (arrival) arrival.gone = change.expires;
  }

  ended(range: Ended): void {
    if (range.last - range.first > this.all.length) {
      const before = `${range.topic} ${range.incarnation} `;
      for (const arrival of this.all) {
        const sequence = arrival.key.startsWith(before) ? Number(arrival.key.slice(before.length)) : NaN;
        if (sequence >= range.first && sequence <= range.last) arrival.gone = Math.min(arrival.gone, range.at);
      }
      return;
    }
    for (let sequence = range.first; sequence <= range.last; sequence++) {
      const arrival = this.byKey.get(keyOf({ ...range, sequence }));
      if (arrival) arrival.gone = Math.min(arrival.gone, range.at);
    }
  }

  // gone is how many of them are gone at a time.
  gone(now: number): number {
    return this.all.reduce((sum, { gone, stands }) => sum + (gone <= now ? stands : 0), 0);
  }

  // thin lets one of each two neighbours, whichever it is, stand for the other as well.
  private thin(): void {
    this.exact = false;
    const kept: Arrival[] = [];
    for (let i = 0; i < this.all.length; i += 2) {
      const pair = this.all.slice(i, i + 2);
      const one = pair[Math.random() < 0.5 ? 0 : pair.length - 1] as Arrival;
      kept.push({ ...one, stands: pair.reduce((sum, { stands }) => sum + stands, 0) });
    }
    this.all = kept;
    this.byKey = new Map(kept.map((arrival) => [arrival.key, arrival]));
  }
}

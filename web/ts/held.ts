// A list as it stood when holding began, up to the deadline `from`, and what was loaded beyond that since. Its entries stay in
// place, dead ones as ghosts.
import type { Ended, Stats } from "./frame";
import { type Key, keyOf } from "./message";
import type { Reader } from "./reader";
import { type Entry, type Retained, within } from "./retained";
import { t } from "./texts";

export class Held {
  readonly entries: Entry[];
  // more says that something is retained beyond what is loaded.
  more: boolean;
  loading = false;
  private readonly from: number;

  constructor(
    { entries, covered }: Pick<Retained, "entries" | "covered">,
    // stats are what the server last said before.
    private readonly stats: Stats | undefined,
  ) {
    this.entries = entries.slice();
    this.from = covered;
    this.more = Math.abs(covered) < Infinity;
  }

  find(key: Key): Entry | undefined {
    return this.entries.find(({ message }) => keyOf(message) === key);
  }

  // ended ends what the server says has ended.
  ended(range: Ended): void {
    for (const entry of this.entries) if (!entry.end && within(range, entry.message)) entry.end = { ...range };
  }

  // expire ends by its deadline what only this still knows.
  expire(now: number): void {
    for (const entry of this.entries) {
      if (!entry.end && entry.message.expires <= now) entry.end = { at: entry.message.expires, reason: 0, deliveries: undefined };
    }
  }

  // load adds the next window.
  async load(reader: Pick<Reader, "further">): Promise<void> {
    this.loading = true;
    try {
      const page = await reader.further(this.from);
      const known = new Set(this.entries.map((entry) => keyOf(entry.message)));
      for (const message of page.messages) if (!known.has(keyOf(message))) this.entries.push({ message, end: undefined, born: 0 });
      this.more = page.more;
    } catch {
      this.more = false;
    } finally {
      this.loading = false;
    }
  }

  // waiting says what is kept from the list; empty: nothing; undefined: nobody knows.
  waiting(stats: Stats | undefined): string | undefined {
    const { stats: before } = this;
    if (!before || !stats) return undefined;
    const born = stats.published - before.published;
    const gone = stats.gone - before.gone;
    if (born > 0 && gone > 0) return t("held.both", { born, gone });
    if (born > 0) return t("held.new", { count: born });
    return gone > 0 ? t("held.gone", { count: gone }) : "";
  }
}

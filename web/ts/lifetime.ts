// Extend, Expire and Undo: what the actions of a row send. All name an absolute deadline and the one it replaces, so that
// pressing twice, or again after a lost answer, does no harm.
import { type Api, problems, timestamp } from "./api";
import { howEnded } from "./ends";
import { Going, type Leave, graceful } from "./going";
import { type Message, millis } from "./message";
import type { Entry } from "./retained";
import { t } from "./texts";
import { clock } from "./times";

// REMEMBERED is how many presses of Expire can be undone, the last one first.
const REMEMBERED = 20;

// Told hears what became of an action: something to say, or that it was refused.
export interface Told {
  say(text: string): void;
  refuse(text: string, entry: Entry): void;
}

export class Lifetime {
  private readonly expired: Entry[] = []; // by Expire, the last one last

  constructor(
    private readonly api: Pick<Api, "retained">,
    private readonly now: () => number,
    private readonly moved: (entry: Entry, expires: number) => void,
    private readonly told: Told,
    readonly going = new Going(),
  ) {}

  // extend gives a message so much more, its own lifetime once more unless told, within the policy's maximum.
  async extend(entry: Entry, by = entry.message.granted): Promise<void> {
    const more = extension(entry.message, by);
    if (more > 0) await this.prolong(entry, entry.message.expires + more);
  }

  // until gives it another deadline, within the policy's maximum.
  async until(entry: Entry, deadline: number): Promise<void> {
    const { maxExpires } = entry.message;
    await this.prolong(entry, maxExpires > 0 ? Math.min(deadline, maxExpires) : deadline);
  }

  private async prolong(entry: Entry, deadline: number): Promise<void> {
    if (!(await this.set(entry, deadline))) return;
    this.told.say(t("lifetime.goes", { message: named(entry), time: clock(entry.message.expires, this.now()) }));
  }

  // expire lets a message go in a moment in which that can be undone. One that goes sooner by itself keeps its deadline.
  async expire(entry: Entry): Promise<void> {
    const { expires: back } = entry.message;
    if (this.isGoing(entry)) return;
    const now = this.now();
    const at = graceful(now);
    if (back <= at) {
      this.going.begin(entry.message, { at: back, back: undefined }, now);
      return this.moved(entry, back);
    }
    if (!(await this.set(entry, at, { at, back }))) return;
    this.expired.push(entry);
    if (this.expired.length > REMEMBERED) this.expired.shift();
    this.told.say(t("lifetime.going", { message: named(entry) }));
  }

  // end lets it go at once.
  async end(entry: Entry): Promise<void> {
    await this.set(entry, Math.floor(this.now()));
  }

  // undoable is the last message that Expire was pressed for and that has not gone yet.
  get undoable(): Entry | undefined {
    // One that a list has let go is not told of its end.
    return this.expired.filter((entry) => this.isGoing(entry) && entry.message.expires > this.now()).at(-1);
  }

  // undo gives a message that is going its old deadline back.
  async undo(entry: Entry): Promise<void> {
    const back = entry.end ? undefined : this.going.of(entry.message)?.back;
    if (back !== undefined && (await this.set(entry, back))) this.told.say(t("lifetime.stays", { message: named(entry) }));
  }

  // isGoing says that Expire was pressed, and nothing has changed the deadline since.
  isGoing({ message, end }: Entry): boolean {
    return !end && this.going.of(message) !== undefined;
  }

  // set changes the deadline, if it still is the one the page knows; false: it was refused, and that was told.
  private async set(entry: Entry, expires: number, leave?: Leave): Promise<boolean> {
    const { topic, sequence, expires: expected } = entry.message;
    try {
      const answer = await this.api.retained.setExpireTime({
        topic,
        sequence: BigInt(sequence),
        expireTime: timestamp(Math.floor(expires)),
        expectedExpireTime: timestamp(expected),
      });
      if (leave) this.going.begin(entry.message, leave, this.now());
      else this.going.stay(entry.message);
      this.moved(entry, millis(answer.expireTime));
      return true;
    } catch (thrown) {
      const message = named(entry);
      const why = problems(thrown)[0]?.text ?? "";
      this.told.refuse(entry.end ? t("lifetime.ended", { message, how: howEnded(entry.end.reason) }) : t("lifetime.refused", { message, why }), entry);
      return false;
    }
  }
}

function named({ message }: Entry): string {
  return `#${message.sequence}`;
}

// extension is how much of `by` a message may have beyond its present deadline.
export function extension({ expires, maxExpires }: Message, by: number): number {
  const to = expires + by;
  return (maxExpires > 0 ? Math.min(to, maxExpires) : to) - expires;
}

// How many messages end when: counted where the page has every one of them in its hands, or their deadlines, else as the
// forecast has it.
import { between } from "./forecast";
import type { Ending } from "./frame";
import { count, sum } from "./payload";
import type { Retained } from "./retained";
import type { Tally } from "./tally";

// NEAR is by what part of the time to a stop the forecast may take a message to be on its other side (decision 21), and
// FRAMES how much older than now it may be, in milliseconds.
const NEAR = 1 / 48;
const FRAMES = 600;

// Share is what of the retained ends between two deadlines. An exact one was counted, or is nothing or all there is; its
// bytes are the forecast's.
export interface Share {
  messages: number;
  bytes: number;
  exact: boolean;
}

export class Census {
  // forecast is the server's, until it comes empty, and revision the state of the scope that it tells; retained is how many
  // there are; complete says that the list misses nothing it should know.
  forecast: readonly Ending[] = [];
  revision = "";
  retained = 0;
  complete = false;

  constructor(
    private readonly model: Retained,
    private readonly tally: Pick<Tally, "between">,
    private readonly now: () => number,
  ) {}

  // between counts what ends from one deadline on and before another.
  between(from: number, to: number): Share {
    const now = this.now();
    const { messages, bytes } = between(this.forecast, from - now, to - now);
    const known = this.counted(from, to, now) ?? (to === Infinity ? this.rest(from, now) : undefined);
    if (known === undefined) return { messages: Math.round(messages), bytes, exact: false };
    return { messages: known, bytes: known === 0 ? 0 : bytes, exact: true };
  }

  private counted(from: number, to: number, now: number): number | undefined {
    return (
      (this.complete ? this.known(from, to) : undefined) ??
      this.certain(from - now, to - now) ??
      // What is past its deadline stands in it until it is read anew.
      this.tally.between(Math.max(from, now), to, this.revision)
    );
  }

  // rest is all but what ends before a deadline.
  private rest(from: number, now: number): number | undefined {
    const sooner = this.counted(-Infinity, from, now);
    return sooner === undefined ? undefined : Math.max(0, this.retained - sooner);
  }

  // certain is what the forecast is sure of: that nothing is between two times from now, or all of it.
  private certain(from: number, to: number): number | undefined {
    const none = (from: number, to: number) => between(this.forecast, from - margin(from), to + margin(to)).messages === 0;
    if (this.forecast.length === 0) return undefined;
    if (none(from, to)) return 0;
    return none(-Infinity, from) && none(to, Infinity) ? this.retained : undefined;
  }

  // known counts in the list, as far as that goes. Deadlines are whole milliseconds.
  private known(from: number, to: number): number | undefined {
    const all = this.model.before(Math.ceil(to) - 1);
    const sooner = this.model.before(Math.ceil(from) - 1);
    return all === undefined || sooner === undefined ? undefined : all - sooner;
  }
}

// margin is how far the forecast may be off at a time from now.
function margin(after: number): number {
  return Number.isFinite(after) ? FRAMES + Math.abs(after) * NEAR : 0;
}

// about writes a number of messages, marked when it was not counted.
export function about({ messages, exact }: Share): string {
  return (exact ? "" : "≈") + count(messages);
}

// size writes the bytes of a share in brackets, or nothing when it is empty.
export function size({ messages, bytes }: Share): string {
  return messages > 0 ? ` (${sum(bytes)})` : "";
}

// How many messages end when: counted where the page has every one of them in its hands, else as the forecast has it.
import { between } from "./forecast";
import type { Ending } from "./frame";
import { count, sum } from "./payload";
import type { Retained } from "./retained";

// Share is what of the retained ends between two deadlines. An exact one was counted; its bytes are the forecast's.
export interface Share {
  messages: number;
  bytes: number;
  exact: boolean;
}

export class Census {
  // forecast is the server's, until it comes empty; complete says that the list misses nothing it should know.
  forecast: readonly Ending[] = [];
  complete = false;

  constructor(
    private readonly model: Retained,
    private readonly now: () => number,
  ) {}

  // between counts what ends from one deadline on and before another.
  between(from: number, to: number): Share {
    const now = this.now();
    const { messages, bytes } = between(this.forecast, from - now, to - now);
    const known = this.complete ? this.known(from, to) : undefined;
    if (known === undefined) return { messages: Math.round(messages), bytes, exact: false };
    return { messages: known, bytes: known === 0 ? 0 : bytes, exact: true };
  }

  // known counts in the list, as far as that goes. Deadlines are whole milliseconds.
  private known(from: number, to: number): number | undefined {
    const all = this.model.before(Math.ceil(to) - 1);
    const sooner = this.model.before(Math.ceil(from) - 1);
    return all === undefined || sooner === undefined ? undefined : all - sooner;
  }
}

// about writes a number of messages, marked when it was not counted.
export function about({ messages, exact }: Share): string {
  return (exact ? "" : "≈") + count(messages);
}

// size writes the bytes of a share in brackets, or nothing when it is empty.
export function size({ messages, bytes }: Share): string {
  return messages > 0 ? ` (${sum(bytes)})` : "";
}

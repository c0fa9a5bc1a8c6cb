// What is on its way out: messages for which Expire was pressed here, and which Undo keeps as long as they live. It is
// known apart from the lists: a message may be in several, and in others when a span is selected or let go.
import type { Message } from "./message";

declare global {
  // Tests of the whole press Undo on slow machines: they give themselves longer.
  var lingerGrace: number | undefined;
}

// GRACE is how long Expire leaves for Undo, in milliseconds.
export const GRACE = 5000;

// graceful is when a message goes whose Expire is pressed now.
export function graceful(now: number): number {
  return Math.floor(now) + (globalThis.lingerGrace ?? GRACE);
}

// Leave is how a message goes: at a deadline, and back to the one before if that was later.
export interface Leave {
  at: number;
  back: number | undefined;
}

type Known = Pick<Message, "topic" | "sequence" | "expires">;

export class Going {
  private readonly leaves = new Map<string, Leave>();

  // begin notes that a message goes at a deadline, which it has from now on.
  begin(message: Known, leave: Leave, now: number): void {
    for (const [name, { at }] of this.leaves) if (at <= now) this.leaves.delete(name);
    this.leaves.set(nameOf(message), leave);
  }

  // stay forgets it: its deadline was changed here.
  stay(message: Known): void {
    this.leaves.delete(nameOf(message));
  }

  // of is how a message goes; undefined: Expire was not pressed, or something has changed the deadline since.
  of(message: Known): Leave | undefined {
    const leave = this.leaves.get(nameOf(message));
    return leave?.at === message.expires ? leave : undefined;
  }
}

// nameOf needs no incarnation: that of a row which the server rendered is not known, and no other has that deadline.
function nameOf({ topic, sequence }: Known): string {
  return `${topic} ${sequence}`;
}

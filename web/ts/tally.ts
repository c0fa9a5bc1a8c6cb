// The deadlines of what goes next, of many more messages than the list has loaded: by them is counted what a look ahead tells.
// They are read when somebody looks at what nobody here knows, and anew while one looks and something happens.
import type { Api } from "./api";
import type { Soonest } from "./gen/linger/v1/retained_pb.js";
import { millis } from "./message";

// COUNTED is of about how many messages they are read.
const COUNTED = 2000;

// PACE: they are read at most so often, and are believed for LATE after something has happened that they do not have, both
// in milliseconds.
const PACE = 1000;
const LATE = 3000;

export class Tally {
  // ends rise; sums has one more: how many end before each, and in all.
  private ends: number[] = [];
  private sums: number[] = [0];
  private until = -Infinity; // what ends before that is here
  private revision = ""; // of the scope, when they were asked for
  private asked = -Infinity;
  private reading = false;

  constructor(
    private readonly api: { retained: Pick<Api["retained"], "forecast"> },
    private readonly pattern: string,
    private readonly changed: () => void,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  // between counts what ends from one deadline on and before another; undefined: not known, or not yet. The revision tells of
  // the scope as it is now.
  between(from: number, to: number, revision: string): number | undefined {
    const age = this.clock() - this.asked;
    const current = this.revision === revision;
    if (!current && !this.reading && age > PACE) void this.read(revision);
    return to <= this.until && (current || age < LATE) ? this.before(to) - this.before(from) : undefined;
  }

  private before(deadline: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] as number) < deadline) low = middle + 1;
      else high = middle;
    }
    return this.sums[low] as number;
  }

  private async read(revision: string): Promise<void> {
    this.reading = true;
    this.asked = this.clock();
    try {
      const { soonest } = await this.api.retained.forecast({ pattern: this.pattern, soonest: COUNTED });
      if (soonest) this.replace(soonest);
      this.revision = revision;
    } catch {
      this.until = -Infinity; // the forecast has to do
    } finally {
      this.reading = false;
    }
    this.changed();
  }

  private replace({ expireTimesMs, messages, until }: Soonest): void {
    this.ends = expireTimesMs.map(Number);
    this.sums = [0];
    let sum = 0;
    for (const n of messages) this.sums.push((sum += n));
    this.until = until ? millis(until) : Infinity;
  }
}

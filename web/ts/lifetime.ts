// Extend and Expire: what the two buttons of a row send. Both name an absolute deadline, so that pressing twice, or again
// after a lost answer, does no harm.
import { type Api, problems, timestamp } from "./api";
import { howEnded } from "./frame";
import { millis } from "./message";
import type { Entry } from "./retained";
import { extension } from "./row";

export class Lifetime {
  constructor(
    private readonly api: Pick<Api, "retained">,
    private readonly now: () => number,
    private readonly moved: (entry: Entry, expires: number) => void,
    private readonly tell: (text: string) => void,
  ) {}

  // extend gives a message its own lifetime once more, within the policy's maximum.
  async extend(entry: Entry): Promise<void> {
    const by = extension(entry.message);
    if (by > 0) await this.set(entry, entry.message.expires + by);
  }

  // expire ends a message at once.
  async expire(entry: Entry): Promise<void> {
    await this.set(entry, this.now());
  }

  private async set(entry: Entry, expires: number): Promise<void> {
    const { topic, sequence, expires: expected } = entry.message;
    try {
      const answer = await this.api.retained.setExpireTime({
        topic,
        sequence: BigInt(sequence),
        expireTime: timestamp(Math.floor(expires)),
        expectedExpireTime: timestamp(expected),
      });
      this.moved(entry, millis(answer.expireTime));
    } catch (thrown) {
      const how = entry.end ? `#${sequence} is ${howEnded(entry.end.reason)} already.` : problems(thrown)[0]?.text;
      this.tell(`#${sequence}: ${how ?? "not changed."}`);
    }
  }
}

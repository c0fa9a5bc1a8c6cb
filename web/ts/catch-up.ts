// What the watch did not tell, read back: when one pauses to look closely, and after an absence.
import type { Missed } from "./absence";
import { type Api, problems } from "./api";
import type { LiveList } from "./live-list";
import type { Pause } from "./pause";
import { type Window, readBack } from "./read-back";
import type { RetainedList } from "./retained-list";
import type { Says } from "./times";

// SHOWN is how many of the messages missed in an absence are shown when somebody asks for them.
const SHOWN = 1000;

export class CatchUp {
  constructor(
    private readonly api: Api,
    private readonly scope: string,
    private readonly list: RetainedList,
    private readonly live: LiveList,
    private readonly pause: Pause,
    private readonly changed: () => void,
    private readonly refuse: (text: string) => void,
  ) {
    live.onShow = (missed) => void this.show(missed);
  }

  // paused reads back what a pause holds, so that no gap of the watch's making is in what one looks at.
  async paused(): Promise<void> {
    const { since } = this.pause;
    const sampled = this.live.sampled;
    try {
      const last = await readBack(this.api, this.scope, { before: since + 1 });
      if (this.pause.since === since) this.live.complete(last);
      this.changed(); // what is read next is another list's
      if (sampled) await this.list.reader?.read();
      if (sampled && this.pause.since === since && !this.list.holding.scrolled) this.list.recapture();
    } catch {
      // What the watch told stands, and the band still says how much of it that is.
    }
    this.changed();
  }

  // back tells in Live of an absence, and how much of what was missed is still there.
  async back(told: Says, missed: Missed | undefined): Promise<void> {
    try {
      if (!missed) return this.live.note(told);
      const { within } = await readBack(this.api, this.scope, missed, 1);
      const alive = Math.max(0, Math.min(missed.count, within - missed.caught));
      this.live.note(told, { ...missed, span: missed.before - missed.from, alive });
    } catch {
      this.live.note(told);
    } finally {
      this.changed();
    }
  }

  private async show(missed: Window): Promise<void> {
    try {
      const { messages, from } = await readBack(this.api, this.scope, missed, SHOWN);
      this.live.model.fill(messages, from);
    } catch (thrown) {
      this.refuse(problems(thrown)[0]?.text ?? "");
    }
    this.changed();
  }
}

// What stands around the two lists in words: what holding and a pause keep back, what part of the whole Retained shows, why
// it is empty.
import { reveal, wayOut, write } from "./dom";
import type { Stats } from "./frame";
import type { LiveList } from "./live-list";
import type { Pause } from "./pause";
import { visible } from "./payload";
import type { RetainedList } from "./retained-list";
import { t } from "./texts";
import { clock } from "./times";

export class Captions {
  constructor(
    private readonly list: RetainedList,
    private readonly live: LiveList,
    private readonly pause: Pause,
    private readonly topic: string, // whose page it is; empty: of several
    private readonly now: () => number,
  ) {}

  // show writes them, for so many that are retained. Until the server has told its numbers, what it rendered stands.
  show(retained: number, stats: Stats | undefined): void {
    const { list, pause } = this;
    const paused = pause.says(this.now());
    reveal(document.querySelector("#hold"), pause.on ? paused : list.isHeld ? list.pill() : "");
    reveal(document.querySelector("#paused"), paused);
    const waiting = pause.on ? 0 : this.live.waiting;
    reveal(document.querySelector("#live-hold"), waiting > 0 ? `${t("held.new", { count: waiting })} · ${wayOut()}` : "");
    if (stats) this.empty(stats);
    const sub = document.querySelector("#retained-sub");
    if (stats) write(sub, list.sub(retained));
    // An empty list says that nothing is retained only when that is known.
    if (stats || list.approximate) list.list.toggleAttribute("data-unsure", list.approximate || retained > 0);
  }

  // empty says in place of a topic's empty list when the last of its messages ended.
  private empty({ retained, published, lastEnd }: Stats): void {
    const { topic } = this;
    if (!topic || retained > 0 || published === 0 || lastEnd === 0) return;
    const last = t("retained.last", { number: `#${published}`, time: clock(lastEnd, this.now()) });
    write(document.querySelector("#retained-empty"), `${t("retained.emptyHere", { name: visible(topic) })} ${last}`);
  }
}

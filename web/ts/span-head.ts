// The line above Retained while a span is selected: what is in it, and the two things that can be done with all of it.
// Either asks first, naming exactly how many; nothing is done to a message that came later. What is expired goes in a
// moment, like a row's, so that it can be undone; or, as with a row by Shift, at once.
import { type Api, problems } from "./api";
import { type Changed, MOST, type Progress, type Tally, type Target, change, gather, onceMore } from "./bulk";
import { type Share, about, size } from "./census";
import { element, reveal, write } from "./dom";
import { type Going, graceful } from "./going";
import type { Bounds } from "./retained";
import { t } from "./texts";
import { clock } from "./times";

type Act = "extend" | "expire";

// Outcome is an act as its summary tells it: what is expired is going for a moment, undone it stays.
type Outcome = "extend" | "going" | "expire" | "undo";

// Expired is what Expire was pressed for: until when Undo may come, and what the deadlines were.
interface Expired {
  until: number;
  backs: Map<Target, number>;
}

export class SpanHead {
  private bounds: Bounds | undefined;
  private share: Share = { messages: 0, bytes: 0, exact: true };
  // stage is where an act stands: asked about, or at work; undefined: neither.
  private stage: { kind: "asking"; act: Act; targets: Target[] } | { kind: "reading" | "working"; stop: AbortController } | undefined;
  private told = "";
  private expired: Expired | undefined;

  private readonly root = element("#span-head");
  private readonly says = element("#span-says");
  private readonly progress = element<HTMLProgressElement>("#span-head progress");
  private readonly exported = element("#span-head .export");
  private readonly buttons = {
    extend: element<HTMLButtonElement>("#span-extend"),
    expire: element<HTMLButtonElement>("#span-expire"),
    no: element<HTMLButtonElement>("#span-no"),
    yes: element<HTMLButtonElement>("#span-yes"),
    atOnce: element<HTMLButtonElement>("#span-at-once"),
    undo: element<HTMLButtonElement>("#span-undo"),
    close: element<HTMLButtonElement>("#span-close"),
  };

  constructor(
    private readonly api: Pick<Api, "retained">,
    private readonly pattern: string,
    private readonly now: () => number,
    private readonly going: Pick<Going, "begin" | "stay">,
    // letGo lets the span go, say reads aloud.
    private readonly letGo: () => void,
    private readonly say: (text: string) => void,
  ) {
    const { extend, expire, no, yes, atOnce, undo, close } = this.buttons;
    extend.addEventListener("click", () => void this.ask("extend"));
    expire.addEventListener("click", () => void this.ask("expire"));
    no.addEventListener("click", () => this.release());
    yes.addEventListener("click", (event) => this.act(event.shiftKey));
    atOnce.addEventListener("click", () => this.act(true));
    undo.addEventListener("click", () => this.undo());
    close.addEventListener("click", () => this.release() || this.letGo());
  }

  // follow shows the line for a span, or none. What is at work for another one goes on to its end.
  follow(bounds: Bounds | undefined): void {
    this.bounds = bounds;
    if (this.stage?.kind === "asking") this.stage = undefined;
    else if (this.stage?.kind === "reading") this.stage.stop.abort();
    if (bounds) this.told = "";
    this.draw();
  }

  // show takes what is in the span now.
  show(share: Share): void {
    this.share = share;
    this.draw();
  }

  // release takes the question back, stops the work, or puts away what was told; true when there was one of them.
  release(): boolean {
    const { stage, told } = this;
    if (stage?.kind === "working" || stage?.kind === "reading") stage.stop.abort();
    else this.stage = undefined;
    if (!stage) this.told = "";
    this.draw();
    if (stage?.kind === "asking") this.buttons[stage.act].focus();
    return stage !== undefined || told !== "";
  }

  // sentence tells what is selected: "12 (1.1 kB) go between 14:32:07 and 14:33:07." It names times of day, which stay true
  // as the span draws near.
  get sentence(): string {
    if (!this.bounds) return "";
    const { from, to } = this.bounds;
    const now = this.now();
    const what = { count: about(this.share), size: size(this.share), from: clock(from - 1, now) };
    return to === Infinity ? t("span.after", what) : t("span.between", { ...what, to: clock(to - 1, now) });
  }

  // ask reads which messages there are, then asks.
  private async ask(act: Act): Promise<void> {
    const { bounds } = this;
    if (!bounds || this.stage) return;
    const stop = new AbortController();
    this.stage = { kind: "reading", stop };
    this.told = "";
    this.draw();
    try {
      const targets = await gather(this.api, this.pattern, bounds, { signal: stop.signal, done: (n) => this.measure(n, 0) });
      if (targets.length === 0) this.tell(t("span.none"));
      else this.stage = { kind: "asking", act, targets };
    } catch (thrown) {
      this.tell(stop.signal.aborted ? "" : (problems(thrown)[0]?.text ?? ""));
    }
    this.draw();
    // What ends is not to be had by pressing a key twice.
    if (this.stage?.kind === "asking") this.buttons[act === "extend" ? "yes" : "no"].focus();
  }

  private act(atOnce: boolean): void {
    if (this.stage?.kind !== "asking") return;
    const { act, targets } = this.stage;
    if (act === "extend") void this.work("extend", targets, onceMore);
    else if (atOnce) void this.work("expire", targets, () => Math.floor(this.now()));
    else void this.expire(targets);
  }

  // expire lets all go in a moment; what goes sooner by itself keeps its deadline.
  private async expire(targets: readonly Target[]): Promise<void> {
    const expired: Expired = { until: 0, backs: new Map() };
    const leave = (target: Target) => {
      const now = this.now();
      const at = Math.min(target.expires, graceful(now));
      // Noted before it is sent: the watch may tell of the change first.
      if (at < target.expires) this.going.begin({ ...target, expires: at }, { at, back: target.expires }, now);
      return at;
    };
    const tally = await this.work("going", targets, leave, (target, at) => {
      expired.until = Math.max(expired.until, at);
      expired.backs.set({ ...target, expires: at }, target.expires);
    });
    if (expired.backs.size === 0) return;
    this.expired = expired;
    this.draw();
    const { told } = this;
    setTimeout(() => {
      if (this.expired === expired) this.expired = undefined;
      if (this.told === told && told !== "") this.told = summary("expire", tally);
      this.draw();
    }, Math.max(0, expired.until - this.now()));
  }

  // undoable is until when Undo can keep something; 0: nothing can be undone.
  get undoable(): number {
    return this.stage ? 0 : (this.expired?.until ?? 0);
  }

  // undo gives back their deadlines to all that Expire was pressed for, as far as they are still there.
  undo(): void {
    if (!this.expired || this.stage) return;
    const { backs } = this.expired;
    this.expired = undefined;
    void this.work("undo", [...backs.keys()], (target) => backs.get(target), (target) => this.going.stay(target));
  }

  // work changes all targets and tells what became of them.
  private async work(
    outcome: Outcome,
    targets: readonly Target[],
    wanted: (target: Target) => number | undefined,
    changed?: Changed,
  ): Promise<Tally> {
    const { bounds } = this;
    const stop = new AbortController();
    this.stage = { kind: "working", stop };
    this.measure(0, targets.length);
    this.draw();
    this.buttons.close.focus();
    const progress: Progress = { signal: stop.signal, done: (n) => this.measure(n, targets.length) };
    const tally = await change(this.api, targets, wanted, progress, changed);
    // With all of it done the list is whole again; else the span is still there to go on with.
    if (tally.failed + tally.untried === 0 && this.bounds === bounds) this.letGo();
    this.tell(summary(outcome, tally));
    this.draw();
    return tally;
  }

  private tell(text: string): void {
    this.stage = undefined;
    this.told = text;
    if (text !== "") this.say(text);
  }

  // measure shows how far the work is; of 0: nobody knows of how many.
  private measure(done: number, of: number): void {
    const { progress } = this;
    if (of > 0) {
      progress.max = of;
      progress.value = done;
    } else progress.removeAttribute("value");
    write(this.says, of > 0 ? t("span.done", { done, of }) : t("span.looking", { count: done }));
  }

  private draw(): void {
    const { stage, buttons } = this;
    this.root.hidden = !this.bounds && !stage && this.told === "";
    if (this.root.hidden) return;
    const n = { count: about(this.share) };
    const idle = this.bounds !== undefined && !stage && this.share.messages > 0;
    reveal(buttons.extend, idle ? t("span.extend", n) : "");
    reveal(buttons.expire, idle ? t("span.expire", n) : "");
    const asking = stage?.kind === "asking" ? stage : undefined;
    const exact = { count: asking?.targets.length ?? 0 };
    reveal(buttons.yes, asking ? (asking.act === "extend" ? t("span.yesExtend", exact) : t("span.yesExpire", exact)) : "");
    reveal(buttons.atOnce, asking?.act === "expire" ? t("span.atOnce", exact) : "");
    reveal(buttons.no, asking ? t("span.no") : "");
    buttons.undo.hidden = this.undoable === 0 || this.told === "";
    buttons.close.hidden = asking !== undefined;
    this.exported.hidden = stage !== undefined;
    const busy = stage?.kind === "working" || stage?.kind === "reading";
    write(buttons.close, busy ? t("span.stop") : this.bounds ? t("span.letGo") : t("span.close"));
    this.progress.hidden = !busy;
    if (asking) write(this.says, question(asking.act, asking.targets.length));
    else if (!stage) write(this.says, this.told || this.sentence);
  }
}

function question(act: Act, count: number): string {
  const asked = act === "extend" ? t("span.askExtend", { count }) : t("span.askExpire", { count });
  return count < MOST ? asked : `${asked} ${t("span.most")}`;
}

// summary tells what became of all of them: "10 extended, 2 had ended meanwhile."
export function summary(outcome: Outcome, { done, ended, moved, fixed, failed, untried, problem }: Tally): string {
  const parts = [
    became(outcome, done),
    ended > 0 ? t("span.ended", { count: ended }) : "",
    moved > 0 ? t("span.moved", { count: moved }) : "",
    fixed > 0 ? t("span.fixed", { count: fixed }) : "",
    untried > 0 ? t("span.untried", { count: untried }) : "",
    failed > 0 ? t("span.failed", { count: failed }) : "",
  ].filter((part) => part !== "");
  const text = t("span.sentence", { text: parts.reduce((before, next) => t("span.and", { before, next })) });
  return problem ? `${text} ${problem}` : text;
}

function became(outcome: Outcome, count: number): string {
  switch (outcome) {
    case "extend":
      return t("span.extended", { count });
    case "going":
      return t("span.going", { count });
    case "expire":
      return t("span.expired", { count });
    case "undo":
      return t("span.kept", { count });
  }
}

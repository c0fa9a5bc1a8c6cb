// The strip above Retained, on the axis: the horizon, looking ahead on it, the span that is selected on it. One looks ahead
// or selects: the one lets the other go.
import type { Api } from "./api";
import { Census } from "./census";
import { element } from "./dom";
import type { Ending } from "./frame";
import type { Going } from "./going";
import { Horizon } from "./horizon";
import { Intervals } from "./intervals";
import { LookAhead } from "./look-ahead";
import { Reader } from "./reader";
import type { Bounds } from "./retained";
import type { RetainedList } from "./retained-list";
import { Span } from "./span";
import { SpanHead } from "./span-head";
import { Tally } from "./tally";

export class Strip {
  readonly census: Census;
  private readonly horizon: Horizon;
  private readonly intervals: Intervals;
  private readonly span: Span;
  private readonly ahead: LookAhead;
  private readonly head: SpanHead;
  private bounds: Bounds | undefined; // of the span that is selected, or being drawn

  constructor(
    private readonly api: Api,
    private readonly scope: string,
    private readonly list: RetainedList,
    private readonly now: () => number,
    going: Going,
    private readonly changed: () => void,
    say: (text: string) => void,
  ) {
    this.census = new Census(list.model, new Tally(api, scope, () => this.recount()), now);
    this.horizon = new Horizon(element("#horizon"), changed);
    this.intervals = new Intervals(element("#intervals"), now);
    // The span comes first: a press that ends a drawing is none that looks ahead.
    this.span = new Span(now, () => this.ahead.until, {
      drawn: (bounds) => this.preview(bounds),
      held: (bounds, byKey) => {
        this.hold(bounds);
        if (byKey) say(this.head.sentence);
      },
    });
    this.ahead = new LookAhead(this.census, now, changed, () => this.span.release());
    this.head = new SpanHead(api, scope, now, going, () => this.span.release(), say);
    this.follow(this.intervals.read(), "");
    this.span.restore();
  }

  // selected are the deadlines of the span; undefined: there is none.
  get selected(): Bounds | undefined {
    return this.bounds;
  }

  // until is the lifetime within which rows are dimmed; 0: none.
  get until(): number {
    return this.ahead.until;
  }

  // follow takes the server's forecast, and the revision of the scope by which it is true.
  follow(forecast: readonly Ending[], revision: string): void {
    this.census.forecast = forecast;
    this.census.revision = revision;
    this.horizon.follow(forecast);
    this.intervals.follow(forecast);
    this.ahead.follow();
  }

  // show draws what there is, so many in all. `sampled`: of what was published, some was left out.
  show(retained: number, sampled: boolean): void {
    const { model } = this.list;
    this.census.retained = retained;
    this.census.complete = !sampled && !model.stale;
    this.horizon.show(model.entries, model.covered, sampled, this.now());
    this.count();
  }

  // tick moves what moves with time alone. Returns in how many milliseconds there is more to do.
  tick(): number {
    return Math.min(this.horizon.tick(this.list.model.entries, this.now()), this.span.tick());
  }

  // undoable is until when Undo can keep what was expired as a span; 0: nothing can be undone.
  get undoable(): number {
    return this.head.undoable;
  }

  undo(): void {
    this.head.undo();
  }

  // release lets go what is held here, one thing at a time: a question, a span, a look ahead.
  release(): boolean {
    return this.head.release() || this.span.release() || this.ahead.release();
  }

  // recount says anew what was counted.
  private recount(): void {
    this.ahead.follow();
    this.changed();
  }

  private preview(bounds: Bounds): void {
    this.bounds = bounds;
    this.head.follow(bounds);
    this.count();
  }

  private hold(bounds: Bounds | undefined): void {
    this.bounds = bounds;
    const part = bounds && this.list.model.part(bounds);
    this.list.narrow("span", part && { model: part, reader: new Reader(this.api, this.scope, part, this.now, this.changed) });
    if (bounds) this.ahead.release();
    this.head.follow(bounds);
    this.count();
  }

  // count says how many are in the span: those in the list when it has them all.
  private count(): void {
    const { bounds } = this;
    if (!bounds) return;
    const part = this.list.narrowedTo("span");
    const share = this.census.between(bounds.from, bounds.to);
    if (part?.bounds === bounds && part.covered === Infinity && !part.stale) this.head.show({ ...share, messages: part.entries.length, exact: true });
    else this.head.show(share);
  }
}

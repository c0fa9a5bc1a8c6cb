// The list "Retained": each message alive, next to go first, counting down.
import type { Batch, Change, Stats } from "./frame";
import { type Arrangement, arrange } from "./arrange";
import { Echoes } from "./echoes";
import type { Going } from "./going";
import { Held } from "./held";
import { Holding } from "./holding";
import { HURRIED, Hurry } from "./hurry";
import { calm, wayOut, write } from "./dom";
import { type Message, keyOf } from "./message";
import { count } from "./payload";
import type { Reader } from "./reader";
import { type Entry, Retained, WINDOW } from "./retained";
import { Ghost, RetainedRow, type Time, read, rowKey } from "./row";
import { Rows } from "./rows";
import { t } from "./texts";

// DOUBT statistics frames in a row that disagree with the list ask for it anew.
const DOUBT = 4;

// All rows of this list are equally high.
const ROW = "row";

// Named is what tells a message from the others of a page that lives.
type Named = Pick<Message, "topic" | "sequence">;

// SAMPLED is how long after births were left out none is shown as one.
const SAMPLED = 1000;

// Part is a set of messages and what reads it from the server.
interface Part {
  model: Retained;
  reader: Pick<Reader, "refresh" | "further">;
}

// Narrowing is what can narrow the list: a span of the horizon, or that the newest come first.
type Narrowing = "span" | "order";

// AHEAD rows before the end of what is loaded, the next window is fetched.
const AHEAD = 40;

// REACH is how many windows are loaded at most to come to a message.
const REACH = 10;

export class RetainedList implements Time {
  readonly model = new Retained();
  readonly holding: Holding;
  // reader is set right after: it needs the model, and this needs it.
  reader: Reader | undefined;
  approximate = false;
  // ahead dims the rows that would be gone after so many milliseconds; 0: none.
  ahead = 0;

  arrangement: Arrangement = { filter: "", newest: false };

  // parts are what the list was narrowed to, and by what. It shows the first of them in place of all that is retained; what
  // is behind goes on being kept up.
  private readonly parts: Record<Narrowing, Part | undefined> = { span: undefined, order: undefined };
  private readonly rows: Rows<Entry, RetainedRow | Ghost>;
  private readonly adopted = new Map<string, HTMLLIElement>();
  private held: Held | undefined; // while it is held
  private readonly echoes = new Echoes();
  private stats: Stats | undefined;
  private readonly hurry = new Hurry();
  private sampledUntil = 0;
  private doubts = 0;
  private drawnAt = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private first = true;

  constructor(
    readonly list: HTMLElement,
    readonly now: () => number,
    private readonly going: Going,
    private readonly changed: () => void,
  ) {
    this.rows = new Rows<Entry, RetainedRow | Ghost>(list, {
      key: rowKey,
      kind: () => ROW,
      make: (entry) => this.make(entry),
    });
    this.holding = new Holding(list, changed);
    // The scroll bar takes its room from the rows, and not from the axis that their lines stand on.
    new ResizeObserver(() => list.style.setProperty("--bar", `${list.offsetWidth - list.clientWidth}px`)).observe(list);
    this.adopt();
  }

  // take follows a batch. `left out` says that births are missing from it.
  take(batch: Batch, leftOut: boolean): void {
    const now = this.now();
    for (const preview of batch.previews) for (const model of this.models) model.born(preview, now);
    for (const change of batch.changes) if (!this.echoes.overtaken(change)) this.change(change, now);
    for (const range of batch.ended) {
      for (const model of this.models) model.ended(range, now);
      this.held?.ended(range);
    }
    if (leftOut) this.sampledUntil = performance.now() + SAMPLED;
    const changedSince = batch.stats !== undefined && batch.stats.revision !== this.stats?.revision;
    if (batch.incomplete || (leftOut && changedSince)) this.distrust();
    if (batch.stats) this.check(batch.stats);
    for (const model of this.models) if (model.entries.length < WINDOW / 2 && model.covered < Infinity) model.stale = true;
    this.refresh();
  }

  // distrust has what is known read again: something may have happened that was not told.
  distrust(): void {
    for (const model of this.models) model.stale = true;
  }

  // narrow shows only a part, or all again. Its rows are made anew: they belong to other entries.
  narrow(by: Narrowing, part: Part | undefined): void {
    const before = this.part;
    this.parts[by] = part;
    if (this.part === before) return this.refresh();
    this.held = undefined;
    this.holding.letGo();
    this.rows.show([]);
    this.refresh();
    this.changed();
  }

  // narrowedTo is what the list was narrowed to by that; undefined: it was not.
  narrowedTo(by: Narrowing): Retained | undefined {
    return this.parts[by]?.model;
  }

  // lose forgets what cannot be known any more, for a store that is another one.
  lose(): void {
    for (const model of this.models) model.replace([], -Infinity, this.now());
    this.distrust();
    this.refresh();
  }

  // entry finds the message that a row is about.
  entry(li: HTMLElement): Entry | undefined {
    for (const view of this.rows.views.values()) if (view.li === li && view instanceof RetainedRow) return view.entry;
    return undefined;
  }

  // find is the entry of a message that lives; undefined: it is not in the list.
  find({ topic, sequence }: Named): Entry | undefined {
    return this.shown.entries.find(({ message }) => message.sequence === sequence && message.topic === topic);
  }

  // move changes a deadline before the server's own word of it arrives.
  move(entry: Entry, expires: number): void {
    const { topic, incarnation, sequence } = entry.message;
    // The watch may have told it already; if not, what it tells before that is older.
    if (entry.message.expires !== expires) this.echoes.expect({ topic, incarnation, sequence, expires });
    this.change({ topic, incarnation, sequence, expires, previous: entry.message.expires }, this.now());
    this.changed();
  }

  // expire lets go what is past its deadline, and returns it.
  expire(): Entry[] {
    const dead = this.model.expire(this.now());
    for (const { model } of this.narrowed) if (model.expire(this.now()).length > 0) this.changed();
    if (dead.length === 0) return dead;
    this.hurry.note(dead.length);
    this.changed();
    return dead;
  }

  draw(): void {
    const wall = performance.now();
    this.hold();
    if (this.hurried) {
      // Drawn once more when the hurry is over: the lines that stand still are then set going.
      this.again ??= setTimeout(() => {
        this.again = undefined;
        this.changed();
      }, HURRIED);
      if (wall - this.drawnAt < HURRIED) return;
    }
    this.drawnAt = wall;
    if (this.held) this.held.expire(this.now());
    else this.bury();
    this.show();
    this.tick();
    this.lines();
    if (this.held) void this.further();
    this.first = false;
  }

  // show has the page show what is listed. A ghost gets the focus of the row that it replaces: where it was lost, nothing
  // would hold the list any more.
  private show(): void {
    const row = this.list.contains(document.activeElement) ? document.activeElement?.closest("li") : null;
    const entry = row && this.entry(row);
    this.rows.show(this.listed);
    if (entry?.end) this.rows.views.get(rowKey(entry))?.li.querySelector<HTMLElement>("a.seq")?.focus({ preventScroll: true });
  }

  // tick writes the numbers of the rows in the page. Returns in how many milliseconds the next one changes.
  tick(): number {
    let next = 1000;
    for (const view of this.rows.views.values()) {
      if (view instanceof RetainedRow) {
        // Until the next drawing takes it away, what has ended says so.
        if (view.entry.end) {
          view.die(view.entry.end);
          continue;
        }
        next = Math.min(next, view.tick(this));
        view.dim(view.entry.message.expires <= this.now() + this.ahead);
        if (calm()) view.draw(this, "still");
      } else view.tell(this.now(), !this.approximate);
    }
    return Math.min(Math.max(next, 30), Math.max(0, this.model.next - this.now()));
  }

  // lines starts the lines of rows that have none yet; calm ones step once a second.
  lines(): void {
    const still = calm() || this.hurried;
    for (const view of this.rows.views.values()) {
      if (!(view instanceof RetainedRow) || view.entry.end) continue;
      view.draw(this, still ? "still" : "run");
    }
  }

  // redraw starts every line anew, after the clock was found to be off.
  redraw(): void {
    for (const view of this.rows.views.values()) if (view instanceof RetainedRow) view.remove();
    this.lines();
  }

  get isHeld(): boolean {
    return this.held !== undefined;
  }

  // pill says what holding keeps from the list.
  pill(): string {
    if (!this.held || this.approximate) return "";
    const waiting = this.held.waiting(this.stats);
    if (waiting === undefined) return "";
    const what = waiting || (this.holding.scrolled ? t("held.scrolled") : "");
    return what && `${what} · ${wayOut()}`;
  }

  // away is how many rows below those in view a message stands, or above them, as a negative number; 0: it is in view.
  // Undefined: it has no row.
  away(message: Named): number | undefined {
    const index = this.indexOf(message);
    return index < 0 ? undefined : this.beyond(index);
  }

  // beyond is away for a row of that index, whether there is one or not.
  beyond(index: number): number {
    const [from, to] = this.rows.visible();
    return index >= to ? index - to + 1 : Math.min(0, index - from);
  }

  // whole says that the list shows all that is retained, the soonest first.
  get whole(): boolean {
    return !this.part && !this.arrangement.newest && this.arrangement.filter.trim() === "";
  }

  // letGo lets in what was kept from a held list, unless it is kept for a reason that lasts.
  letGo(): void {
    this.holding.letGo();
    this.draw();
  }

  // reach goes to a message, loading on until it is there. False: it has no row, or is too far.
  async reach(message: Named): Promise<boolean> {
    this.holding.keep("reach", true);
    this.draw();
    try {
      for (let i = 0; i < REACH && this.away(message) === undefined && this.held?.more; i++) await this.load(this.held);
      return this.goTo(message);
    } finally {
      this.holding.keep("reach", false);
    }
  }

  // goTo scrolls to a message, which gets the focus, and with it holds the list.
  private goTo(message: Named): boolean {
    const index = this.indexOf(message);
    const entry = this.listed[index];
    if (!entry) return false;
    this.rows.show(this.listed);
    this.rows.reveal(index);
    this.rows.show(this.listed);
    this.rows.views.get(rowKey(entry))?.li.querySelector<HTMLElement>("a.seq")?.focus({ preventScroll: true });
    return true;
  }

  private indexOf({ topic, sequence }: Named): number {
    return this.listed.findIndex(({ message, end }) => !end && message.sequence === sequence && message.topic === topic);
  }

  // arrange filters and orders the rows.
  arrange(arrangement: Arrangement): void {
    this.arrangement = arrangement;
    this.changed();
  }

  // loaded is of how many messages it has what they say, fitting how many of these fit the filter.
  get loaded(): number {
    return (this.held?.entries ?? this.shown.entries).length;
  }

  get fitting(): number {
    return this.listed.length;
  }

  // listed is what there are rows for.
  private get listed(): readonly Entry[] {
    return arrange(this.held?.entries ?? this.shown.entries, this.arrangement);
  }

  // recapture takes what is held anew: what the list held was a part of what there was.
  recapture(): void {
    this.held = undefined;
    this.changed();
  }

  // sub says what part of the whole is shown.
  sub(retained: number): string {
    const { loaded } = this;
    if (this.arrangement.filter.trim() !== "") return this.matching(retained);
    if (this.arrangement.newest) return loaded < retained ? t("retained.newestOf", { shown: loaded, count: retained }) : t("retained.newest");
    if (loaded === 0 || retained <= WINDOW) return t("retained.soonest");
    const [from, to] = this.rows.visible();
    return t("retained.window", { from: from + 1, to: Math.max(from + 1, to), count: Math.max(retained, loaded) });
  }

  // matching says how many fit the filter, and of how many that is said: what is not loaded was not searched.
  private matching(retained: number): string {
    const { loaded, fitting: count } = this;
    return loaded < retained ? t("filter.someOfPart", { count, loaded, all: retained }) : t("filter.some", { count, all: loaded });
  }

  // perSecond is how many died a second of late, by the server's count.
  get perSecond(): number {
    return this.hurry.perSecond;
  }

  private get hurried(): boolean {
    return this.hurry.on(!this.approximate);
  }

  private change(change: Change, now: number): void {
    const key = keyOf(change);
    const entry = this.shown.get(key) ?? this.held?.find(key);
    for (const model of this.models) model.changed(change, now);
    if (!entry || entry.end) return;
    // A row that leaves the window still shows its new deadline while the list is held.
    entry.message.expires = change.expires;
    const view = this.rows.views.get(rowKey(entry));
    if (!(view instanceof RetainedRow)) return;
    view.describe();
    view.draw(this, calm() ? "still" : "grow");
  }

  // hold begins and ends holding. Without a connection the list is held too: what ends, ends by its deadline alone.
  private hold(): void {
    if (!this.holding.held && !this.approximate) {
      this.held = undefined;
      return;
    }
    if (this.first) return;
    this.held ??= new Held(this.shown, this.stats);
  }

  // bury lets rows close whose messages have ended since the last drawing.
  private bury(): void {
    const animate = !this.hurried && !calm() && !document.hidden;
    for (const view of [...this.rows.views.values()]) {
      if (!(view instanceof RetainedRow) || !view.entry.end || !animate) continue;
      // Its key has changed by its end; the row is found by the key it was put in with.
      view.die(view.entry.end);
      this.rows.close(keyOf(view.entry.message), ROW);
    }
  }

  // further loads the next window when someone scrolls to where it begins.
  private async further(): Promise<void> {
    const { held } = this;
    if (!held || held.loading || !held.more || this.approximate) return;
    const [, to] = this.rows.visible();
    if (to >= held.entries.length - AHEAD) await this.load(held);
  }

  // load adds the next window to what is held.
  private async load(held: Held): Promise<void> {
    const reader = this.part?.reader ?? this.reader;
    if (!reader) return;
    await held.load(reader);
    this.changed();
  }

  // check compares the list with the server's count. They may differ for a moment, not for long.
  private check(stats: Stats): void {
    const before = this.stats;
    this.hurry.count(before, stats);
    this.stats = stats;
    const agrees = this.model.covered < Infinity || this.model.aliveAt(stats.at) === stats.retained;
    this.doubts = agrees ? 0 : this.doubts + 1;
    if (this.doubts < DOUBT) return;
    this.doubts = 0;
    this.distrust();
  }

  private refresh(): void {
    if (this.model.stale) this.reader?.refresh();
    for (const { model, reader } of this.narrowed) if (model.stale) reader.refresh();
  }

  private get models(): Retained[] {
    return [this.model, ...this.narrowed.map(({ model }) => model)];
  }

  private get narrowed(): Part[] {
    return [this.parts.span, this.parts.order].filter((part) => part !== undefined);
  }

  private get part(): Part | undefined {
    return this.narrowed[0];
  }

  // shown is what the rows are of.
  private get shown(): Retained {
    return this.part?.model ?? this.model;
  }

  private make(entry: Entry): RetainedRow | Ghost {
    if (entry.end) return new Ghost(entry);
    const loose = `${entry.message.topic} ${entry.message.sequence}`;
    const row = new RetainedRow(entry, this.going, this.adopted.get(loose));
    this.adopted.delete(loose);
    if (entry.born > 0 && this.now() - entry.born < 1000 && !this.hurried && performance.now() > this.sampledUntil && !calm()) row.born();
    entry.born = 0;
    return row;
  }

  private adopt(): void {
    const messages = [];
    for (const li of this.list.querySelectorAll<HTMLLIElement>("li.row")) {
      const message = read(li);
      if (!message) continue;
      this.adopted.set(`${message.topic} ${message.sequence}`, li);
      messages.push(message);
    }
    this.model.adopt(messages);
    write(document.querySelector("#hold"), "");
  }
}

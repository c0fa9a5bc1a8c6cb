// The pages with the form and the two lists: everything, a pattern, a topic. This joins what the other files do alone.
import { Absence } from "./absence";
import { type Api, connect, problems } from "./api";
import type { Clock } from "./clock";
import { type Connection, dependable } from "./connection";
import { about } from "./census";
import { calm, element, reveal, wayOut, write } from "./dom";
import { ExportLink } from "./export-link";
import { Filter } from "./filter";
import { Form, spoken } from "./form";
import type { Batch, Stats } from "./frame";
import type { Going } from "./going";
import { Lesson } from "./lesson";
import { Lifetime } from "./lifetime";
import { LongerMenu } from "./longer-menu";
import { LiveList } from "./live-list";
import { Numbers } from "./numbers";
import { Pause } from "./pause";
import { readLimits } from "./policy";
import type { Receipt } from "./publisher";
import { type Window, readBack } from "./read-back";
import { Reader } from "./reader";
import type { Entry } from "./retained";
import { RetainedList } from "./retained-list";
import { RoomLine } from "./room";
import { Slider } from "./slider";
import { Strip } from "./strip";
import { Suggestions } from "./suggestions";
import { t } from "./texts";
import { TopicHead } from "./topic-head";
import { count, visible } from "./payload";
import { clock } from "./times";
import { Voice } from "./voice";

// At a high rate the page is drawn this often, in milliseconds: more would show nothing that an eye could follow.
const CROWD = 200;

// SHOWN is how many of the messages missed in an absence are shown when somebody asks for them.
const SHOWN = 1000;

// DRIFT: lines are drawn anew when the clock turns out to have been off by more than this.
const DRIFT = 25;

export class NowPage {
  readonly api: Api = connect(location.origin);
  private readonly main = element("#main");
  private readonly scope = this.main.dataset["pattern"] || ">";
  private readonly list: RetainedList;
  private readonly live: LiveList;
  private readonly slider: Slider;
  private readonly form: Form;
  private readonly numbers: Numbers;
  private readonly strip: Strip;
  private readonly voice = new Voice(document.querySelector("#say"));
  private readonly absence = new Absence();
  private readonly lesson: Lesson;
  private readonly lifetime: Lifetime;
  private readonly suggestions: Suggestions;
  private readonly exported = new ExportLink();
  private readonly head = new TopicHead(this.api, this.main);
  private readonly now = () => this.clock.now();

  private readonly pause: Pause;
  private readonly room: RoomLine;
  private readonly filter: Filter;
  private stopped = false; // the server said that it stops, and is not back
  private latest: Receipt | undefined; // of the form
  private stats: Stats | undefined;
  private died: number[] = []; // deadlines that have passed by the page's own clock since the last statistics
  private leftOut = 0;
  private offset = 0;
  private painting = 0;
  private painted = 0;
  private later: ReturnType<typeof setTimeout> | undefined;
  private second = 0;

  constructor(
    private readonly clock: Clock,
    private readonly connection: Connection,
  ) {
    const paint = () => this.paintSoon();
    this.lifetime = new Lifetime(
      this.api,
      this.now,
      (entry, expires) => this.list.move(entry, expires),
      { say: (text) => this.voice.say(text), refuse: (text) => this.tell(text) },
    );
    const { going } = this.lifetime;
    this.list = new RetainedList(element("#retained"), this.now, going, paint);
    this.list.reader = new Reader(this.api, this.scope, this.list.model, this.now, paint);
    this.strip = new Strip(this.api, this.scope, this.list, this.now, going, paint, (text) => this.voice.say(text));
    this.live = new LiveList(element("#live"), this.now, paint);
    this.live.onShow = (missed) => void this.show(missed);
    this.pause = new Pause([this.list.holding, this.live.holding]);
    this.slider = new Slider(readLimits(this.main), this.now, () => visible(this.form.topicName) || t("form.theTopic"));
    this.form = new Form(this.api, this.slider, this.now, { published: (receipt) => this.published(receipt) });
    this.filter = new Filter(this.api, this.scope, this.list, this.now, paint);
    this.room = new RoomLine(this.api, this.main.dataset["topic"] ?? "", this.now);
    this.form.onTopic = (name, topic) => this.room.at(name, topic);
    const { fresh, command } = this.main.dataset;
    this.lesson = new Lesson(fresh === undefined ? null : document.querySelector("#lesson"), this.api, this.now, command ?? "linger {}");
    this.suggestions = new Suggestions(this.api, element("#topic"), document.querySelector("#topics"));
    this.numbers = new Numbers(this.scope, this.main.dataset["topic"] ?? (this.scope === ">" ? "" : this.scope));
    this.slider.onMove = () => this.foot();
    this.offset = clock.offset;
    this.listen();
    this.list.reader.refresh();
    this.paint();
    this.main.dataset["ready"] = "";
  }

  get watched(): string {
    return this.scope;
  }

  // take follows a batch of the watch.
  take(batch: Batch): void {
    this.absence.seen(batch.serverTime);
    if (batch.hello) {
      this.form.at(batch.hello.store);
      this.lesson.greet(batch.hello.server);
      if (this.absence.greet(batch.hello)) this.list.lose();
      this.list.distrust(); // what happened between two streams was not told
    }
    if (batch.previews.some(({ recent }) => !recent)) this.lesson.arrived();
    this.pause.take(batch);
    this.absence.fresh(this.live.take(batch));
    const leftOut = this.live.model.leftOut > this.leftOut;
    this.leftOut = this.live.model.leftOut;
    this.list.take(batch, leftOut);
    if (batch.stats) {
      const told = this.absence.back(batch.stats, this.now());
      if (told) void this.tellBack(told);
      this.stats = batch.stats;
      // Not a new server any more: what teaches does not come back with an empty list.
      if (batch.stats.published > 0) document.querySelector("#retained-empty .play-demo")?.remove();
      this.suggestions.follow(batch.stats.busiest);
      this.head.follow(batch.stats);
      this.room.follow(batch.stats);
      this.strip.follow(batch.stats.forecast);
      const { at } = batch.stats;
      this.died = this.died.filter((deadline) => deadline > at);
    }
    this.settle();
    if (this.live.sampled) this.paintLater();
    else this.paintSoon();
  }

  // connected is told when the condition of the connection has changed.
  connected(): void {
    const { state } = this.connection;
    const good = dependable(state) || state.kind === "connecting";
    this.list.approximate = !good;
    if (!good) this.absence.begin(false);
    if (state.kind === "stopped" && !this.stopped) this.live.note(t("live.stopped", { time: this.connection.stoppedAt }));
    this.stopped = state.kind === "stopped" || (this.stopped && !good);
    this.form.connection(good);
    this.paintSoon();
  }

  // asleep is told when the worker gave up the stream of a hidden tab.
  asleep(): void {
    this.absence.begin(true);
  }

  // tick does what time alone demands. Returns in how many milliseconds there is more to do.
  tick(): number {
    this.reap();
    let next = this.list.tick();
    const second = Math.floor(performance.now() / 1000);
    next = Math.min(next, this.strip.tick());
    // For those who asked for no motion, all that moves steps once a second, at the same moment.
    if (calm()) next = Math.min(next, 1000 - (this.now() % 1000));
    if (second !== this.second) {
      this.second = second;
      this.live.tick();
      this.slider.tick();
      this.room.tick();
      this.voice.tick(this.retained);
      this.foot();
    }
    return next;
  }

  // rewrite writes the times of the page's sentences anew, in another zone.
  rewrite(): void {
    this.live.tick();
    this.slider.tick();
  }

  // reap ends what is past its deadline, by the page's own clock.
  private reap(): void {
    const dead = this.list.expire();
    for (const entry of dead) this.died.push(entry.message.expires);
    this.voice.deaths(dead.length);
  }

  // escape lets go what holding keeps back; true when there was something.
  escape(): boolean {
    return this.strip.release() || this.releaseLists();
  }

  private releaseLists(): boolean {
    const held = this.list.holding.held || this.live.holding.held;
    this.list.holding.letGo();
    this.live.holding.letGo();
    return held;
  }

  step(direction: 1 | -1): void {
    this.slider.step(direction);
  }

  // togglePause pauses, or resumes. What is held then has no gap of the watch's making: the last messages are read back.
  togglePause(): void {
    if (this.pause.on) this.pause.end();
    else {
      this.pause.begin(this.now());
      void this.readBack();
    }
    write(document.querySelector("#pause .text"), t(this.pause.on ? "live.resume" : "live.pause"));
    this.voice.say(this.pause.says(this.now()));
    this.paintSoon();
  }

  private async readBack(): Promise<void> {
    const { since } = this.pause;
    const sampled = this.live.sampled;
    try {
      const last = await readBack(this.api, this.scope, { before: since + 1 });
      if (this.pause.since === since) this.live.complete(last);
      if (sampled) await this.list.reader?.read();
      if (sampled && this.pause.since === since && !this.list.holding.scrolled) this.list.recapture();
    } catch {
      // What the watch told stands, and the band still says how much of it that is.
    }
    this.paintSoon();
  }

  // tellBack tells what was missed, and how much of it is still there.
  private async tellBack(told: string): Promise<void> {
    const { missed } = this.absence;
    try {
      if (!missed) return this.live.note(told);
      const { within } = await readBack(this.api, this.scope, missed, 1);
      const alive = Math.max(0, Math.min(missed.count, within - missed.caught));
      this.live.note(told, { ...missed, span: missed.before - missed.from, alive });
    } catch {
      this.live.note(told);
    } finally {
      this.paintSoon();
    }
  }

  private async show(missed: Window): Promise<void> {
    try {
      const { messages, from } = await readBack(this.api, this.scope, missed, SHOWN);
      this.live.model.fill(messages, from);
    } catch (thrown) {
      this.tell(problems(thrown)[0]?.text ?? "");
    }
    this.paintSoon();
  }

  // say reads something out.
  say(text: string): void {
    this.voice.say(text);
  }

  // going is what is on its way out.
  get going(): Going {
    return this.lifetime.going;
  }

  // find is the entry of a message in the list; undefined: it is not there.
  find(topic: string, sequence: number): Entry | undefined {
    return this.list.find({ topic, sequence });
  }

  // moved shows another deadline of such an entry.
  moved(entry: Entry, expires: number): void {
    this.list.move(entry, expires);
  }

  // undoable is when what undo takes back would go; 0: there is nothing.
  get undoable(): number {
    return Math.max(this.strip.undoable, this.lifetime.undoable?.message.expires ?? 0);
  }

  // undo takes back the last Expire, of a row or of a span; false when there is none to take back.
  undo(): boolean {
    const { undoable } = this.lifetime;
    if (this.strip.undoable > (undoable?.message.expires ?? 0)) {
      this.strip.undo();
      return true;
    }
    if (undoable) void this.lifetime.undo(undoable);
    return undoable !== undefined;
  }

  // end expires the row that has the focus, at once. False when none has it.
  end(): boolean {
    const entry = this.entryOf(document.activeElement);
    if (entry) void this.lifetime.end(entry);
    return entry !== undefined;
  }

  private entryOf(target: EventTarget | null): Entry | undefined {
    const li = target instanceof Element ? target.closest("li") : null;
    return li && this.list.list.contains(li) ? this.list.entry(li) : undefined;
  }

  private listen(): void {
    const { lifetime } = this;
    const menu = new LongerMenu(
      { extend: (entry, by) => void lifetime.extend(entry, by), until: (entry, deadline) => void lifetime.until(entry, deadline) },
      (open) => this.list.holding.keep("menu", open),
    );
    // With Shift, Expire leaves no time for Undo. The form's own event does not tell of it.
    let shift = false;
    this.list.list.addEventListener("click", (event) => {
      shift = event.shiftKey;
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>(".longer, .undo button") : null;
      const entry = button && this.entryOf(button);
      if (!entry) return;
      if (button.matches(".longer")) menu.open(entry, button);
      else void lifetime.undo(entry);
    });
    this.list.list.addEventListener("submit", (event) => {
      const form = event.target as HTMLFormElement;
      const entry = this.entryOf(form);
      if (!entry) return;
      event.preventDefault();
      if (form.classList.contains("extend")) void lifetime.extend(entry);
      else void (shift ? lifetime.end(entry) : lifetime.expire(entry));
    });
    document.querySelector("#down")?.addEventListener("click", () => this.latest && this.list.goTo(this.latest));
    document.querySelector("#pause")?.addEventListener("click", () => this.togglePause());
    for (const id of ["#hold", "#live-hold"]) {
      document.querySelector(id)?.addEventListener("click", () => {
        if (this.pause.on) this.togglePause();
        this.releaseLists();
      });
    }
    for (const tab of document.querySelectorAll('input[name="tab"]')) tab.addEventListener("change", () => this.paintSoon());
    addEventListener("resize", () => this.paintSoon());
    document.addEventListener("visibilitychange", () => this.paintSoon());
  }

  // tell says that an action on a row was refused.
  tell(text: string): void {
    this.voice.say(text);
    reveal(document.querySelector("#form-error"), text);
  }

  private published(receipt: Receipt): void {
    this.latest = receipt;
    this.voice.say(spoken(receipt));
    this.lesson.published(receipt);
  }

  // retained is how many are alive now: counted here where all are here, else as the server last said, less those that
  // have ended since.
  private get retained(): number {
    const { model } = this.list;
    // Where births are left out, deaths alone would make the number wrong; both come with the next frame.
    if (this.live.sampled) return this.stats?.retained ?? 0;
    if (model.covered === Infinity && !model.stale) return model.entries.length;
    return Math.max(model.entries.length, (this.stats?.retained ?? 0) - this.died.length, 0);
  }

  // settle draws the lines anew when the clock was corrected.
  private settle(): void {
    if (Math.abs(this.clock.offset - this.offset) < DRIFT) return;
    this.offset = this.clock.offset;
    this.list.redraw();
  }

  private foot(): void {
    if (!this.slider.active) return this.slider.foot("");
    if (!this.stats) return this.slider.foot("");
    const at = this.now() + this.slider.value;
    const [before, after] = [this.strip.census.between(-Infinity, at), this.strip.census.between(at, Infinity)];
    this.slider.foot(t("hairline.foot", { count: about(before), after: about(after) }));
  }

  // empty says in place of a topic's empty list when the last of its messages ended.
  private empty({ retained, published, lastEnd }: Stats): void {
    const topic = this.main.dataset["topic"];
    if (!topic || retained > 0 || published === 0 || lastEnd === 0) return;
    const last = t("retained.last", { number: `#${published}`, time: clock(lastEnd, this.now()) });
    write(document.querySelector("#retained-empty"), `${t("retained.emptyHere", { name: visible(topic) })} ${last}`);
  }

  private paintSoon(): void {
    if (this.painting !== 0) return;
    this.painting = requestAnimationFrame(() => this.paint());
  }

  private paintLater(): void {
    this.later ??= setTimeout(
      () => {
        this.later = undefined;
        this.paintSoon();
      },
      Math.max(0, this.painted + CROWD - performance.now()),
    );
  }

  private paint(): void {
    this.painting = 0;
    this.painted = performance.now();
    this.reap();
    this.list.ahead = this.strip.until;
    this.list.draw();
    this.live.draw();
    this.strip.show(this.live.sampled);
    if (this.slider.active) this.foot();
    const held = this.list.isHeld;
    const paused = this.pause.on;
    reveal(document.querySelector("#hold"), paused ? this.pause.says(this.now()) : held ? this.list.pill() : "");
    reveal(document.querySelector("#paused"), this.pause.says(this.now()));
    const waiting = paused ? 0 : this.live.waiting;
    reveal(document.querySelector("#live-hold"), waiting > 0 ? `${t("held.new", { count: waiting })} · ${wayOut()}` : "");
    const below = this.latest ? this.list.below(this.latest) : 0;
    reveal(document.querySelector("#down"), below > 0 ? t("result.down", { count: below }) : "");
    const { stats, retained } = this;
    if (stats) this.empty(stats);
    if (stats) this.filter.show(retained); // until then the server's word stands
    this.exported.show(this.list.arrangement, this.strip.selected);
    const sub = document.querySelector("#retained-sub");
    if (sub && this.stats) sub.textContent = this.list.sub(retained);
    if (stats) this.numbers.show(stats, retained, this.live.sampled ? 0 : this.died.length, this.list.perSecond, this.list.approximate);
    // An empty list says that nothing is retained only when that is known.
    if (stats || this.list.approximate) this.list.list.toggleAttribute("data-unsure", this.list.approximate || retained > 0);
    this.numbers.title(retained, !this.list.approximate);
    if (calm()) this.list.lines();
  }
}

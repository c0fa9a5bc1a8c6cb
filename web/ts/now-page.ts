// The pages with the form and the two lists: everything, a pattern, a topic. This joins what the other files do alone.
import { Absence } from "./absence";
import { Alive } from "./alive";
import { type Api, connect } from "./api";
import { Captions } from "./captions";
import { CatchUp } from "./catch-up";
import type { Clock } from "./clock";
import { type Connection, dependable } from "./connection";
import { about } from "./census";
import { calm, element, reveal, write } from "./dom";
import { ExportLink } from "./export-link";
import { Filter } from "./filter";
import { Form, spoken } from "./form";
import type { Batch } from "./frame";
import type { Going } from "./going";
import { Lesson } from "./lesson";
import { Lifetime } from "./lifetime";
import { LongerMenu } from "./longer-menu";
import { LiveList } from "./live-list";
import { Numbers } from "./numbers";
import { Painter } from "./painter";
import { Pause } from "./pause";
import { readLimits } from "./policy";
import type { Receipt } from "./publisher";
import { Reader } from "./reader";
import type { Entry } from "./retained";
import { RetainedList } from "./retained-list";
import { RoomLine } from "./room";
import { RowActions } from "./row-actions";
import { Slider } from "./slider";
import { Strip } from "./strip";
import { Suggestions } from "./suggestions";
import { t } from "./texts";
import { TopicHead } from "./topic-head";
import { visible } from "./payload";
import { when } from "./times";
import { Voice } from "./voice";
import { WayToRow } from "./way-to-row";

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
  private readonly way: WayToRow;
  private readonly voice = new Voice(document.querySelector("#say"));
  private readonly absence = new Absence();
  private readonly alive = new Alive();
  private readonly captions: Captions;
  private readonly painter = new Painter(() => this.paint());
  private readonly catchUp: CatchUp;
  private readonly actions: RowActions;
  private readonly lesson: Lesson;
  private readonly lifetime: Lifetime;
  private readonly suggestions: Suggestions;
  private readonly exported = new ExportLink();
  private readonly head = new TopicHead(this.api, this.main);
  private readonly now = () => this.clock.now();
  readonly menu = new LongerMenu(this.now);

  private readonly pause: Pause;
  private readonly room: RoomLine;
  private readonly filter: Filter;
  private stopped = false; // the server said that it stops, and is not back
  private leftOut = 0;
  private offset = 0;
  private second = 0;

  constructor(
    private readonly clock: Clock,
    private readonly connection: Connection,
  ) {
    const paint = () => this.painter.soon();
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
    this.way = new WayToRow(this.scope, this.list, this.strip.census, this.now);
    this.live = new LiveList(element("#live"), this.now, paint);
    this.pause = new Pause([this.list.holding, this.live.holding]);
    this.catchUp = new CatchUp(this.api, this.scope, this.list, this.live, this.pause, paint, (text) => this.tell(text));
    this.actions = new RowActions(this.list, this.lifetime, this.menu);
    this.captions = new Captions(this.list, this.live, this.pause, this.main.dataset["topic"] ?? "", this.now);
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
    this.painter.now();
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
      const told = this.absence.back(batch.stats);
      if (told) void this.catchUp.back(told, this.absence.missed);
      this.alive.follow(batch.stats);
      // Not a new server any more: what teaches does not come back with an empty list.
      if (batch.stats.published > 0) document.querySelector("#retained-empty .play-demo")?.remove();
      this.suggestions.follow(batch.stats.busiest);
      this.head.follow(batch.stats);
      this.room.follow(batch.stats);
      this.strip.follow(batch.stats.forecast, batch.stats.revision);
    }
    this.settle();
    if (this.live.sampled) this.painter.crowded();
    else this.painter.soon();
  }

  // connected is told when the condition of the connection has changed.
  connected(): void {
    const { state } = this.connection;
    const good = dependable(state) || state.kind === "connecting";
    this.list.approximate = !good;
    if (!good) this.absence.begin(false);
    const { stoppedAt } = this.connection;
    if (state.kind === "stopped" && !this.stopped) this.live.note((now) => t("live.stopped", { time: when(stoppedAt, now) }));
    this.stopped = state.kind === "stopped" || (this.stopped && !good);
    this.form.connection(good);
    this.painter.soon();
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
    this.alive.end(dead);
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
      this.pause.begin(Math.max(this.now(), this.live.newest)); // the page's idea of the server's clock may lag behind
      this.live.hold();
      void this.catchUp.paused();
    }
    write(document.querySelector("#pause .text"), t(this.pause.on ? "live.resume" : "live.pause"));
    this.voice.say(this.pause.says(this.now()));
    this.painter.soon();
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
    return this.actions.end();
  }

  private listen(): void {
    document.querySelector("#pause")?.addEventListener("click", () => this.togglePause());
    for (const id of ["#hold", "#live-hold"]) {
      document.querySelector(id)?.addEventListener("click", () => {
        if (this.pause.on) this.togglePause();
        this.releaseLists();
      });
    }
    for (const tab of document.querySelectorAll('input[name="tab"]')) tab.addEventListener("change", () => this.painter.soon());
    addEventListener("resize", () => this.painter.soon());
    document.addEventListener("visibilitychange", () => this.painter.soon());
  }

  // tell says that an action on a row was refused.
  tell(text: string): void {
    this.voice.say(text);
    reveal(document.querySelector("#form-error"), text);
  }

  private published(receipt: Receipt): void {
    this.way.published(receipt);
    this.voice.say(spoken(receipt));
    this.lesson.published(receipt);
  }

  // retained is how many are alive now.
  private get retained(): number {
    return this.alive.count(this.list.model, this.live.sampled);
  }

  // settle draws the lines anew when the clock was corrected.
  private settle(): void {
    if (Math.abs(this.clock.offset - this.offset) < DRIFT) return;
    this.offset = this.clock.offset;
    this.list.redraw();
  }

  private foot(): void {
    if (!this.slider.active || !this.alive.stats) return this.slider.foot("");
    const at = this.now() + this.slider.value;
    const [before, after] = [this.strip.census.between(-Infinity, at), this.strip.census.between(at, Infinity)];
    this.slider.foot(t("hairline.foot", { count: about(before), after: about(after) }));
  }

  private paint(): void {
    this.reap();
    this.list.ahead = this.strip.until;
    this.list.draw();
    this.live.draw();
    this.strip.show(this.retained, this.live.sampled);
    if (this.slider.active) this.foot();
    this.way.show();
    const { retained } = this;
    const { stats, ended } = this.alive;
    this.captions.show(retained, stats);
    if (stats) this.filter.show(retained); // until then the server's word stands
    this.exported.show(this.list.arrangement, this.strip.selected);
    if (stats) this.numbers.show(stats, retained, this.live.sampled ? 0 : ended, this.list.perSecond, this.list.approximate);
    if (stats) this.numbers.title(retained, !this.list.approximate);
    if (calm()) this.list.lines();
  }
}

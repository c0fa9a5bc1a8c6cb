// The list "Live": newest first, a log that never loses a row at its message's death.
import type { Batch } from "./frame";
import { endedAt } from "./ends";
import { clone, element, reveal, write } from "./dom";
import { rough, short } from "./duration";
import { Holding } from "./holding";
import { Live, MOST_ROWS, type MissedNote, type Row } from "./live";
import { passing } from "./message";
import { count } from "./payload";
import type { ReadBack } from "./read-back";
import { fillBody, name, read } from "./row";
import { Rows, type View } from "./rows";
import { rich, t } from "./texts";
import { type Says, span, when } from "./times";

// LineView is a row of the log; fate is what time changes of it: a message's right side, what a note says.
interface LineView extends View {
  row: Row;
  fate: Element | null;
}

// SAMPLED is how long the band stays after the last message that was left out.
const SAMPLED = 3000;
// SPAN is over how many milliseconds the band's two rates are taken.
const SPAN = 2000;

export class LiveList {
  readonly model = new Live();
  readonly holding: Holding;

  private readonly rows: Rows<Row, LineView>;
  private readonly adopted = new Map<string, HTMLLIElement>();
  // held is the log as it stood when holding began, with what was read back since: so many messages.
  private held: { rows: Row[]; arrived: number; readBack?: number } | undefined;
  private counts: Array<{ at: number; published: number; shown: number; leftOut: number }> = [];

  constructor(
    readonly list: HTMLElement,
    private readonly serverNow: () => number,
    changed: () => void,
  ) {
    this.rows = new Rows<Row, LineView>(list, {
      key: (row) => row.id,
      kind: (row) => row.kind,
      make: (row) => this.make(row),
    });
    this.holding = new Holding(list, changed);
    this.adopt();
  }

  // take adds what a batch brings; returns how many messages were not known.
  take(batch: Batch): number {
    this.model.recognise(batch.previews.filter(({ recent }) => recent));
    // The oldest first: the server tells recent ones in order of publication, and so do we.
    const fresh = this.model.take(batch.previews);
    for (const change of batch.changes) this.model.changed(change);
    for (const range of batch.ended) this.model.ended(range);
    if (batch.stats) {
      this.model.count(batch.stats);
      const { published, shown, leftOut } = this.model;
      this.counts.push({ at: batch.stats.at, published, shown, leftOut });
      while (this.counts.length > 2 && (this.counts[0] as { at: number }).at < batch.stats.at - SAMPLED) this.counts.shift();
    }
    return fresh;
  }

  note(says: Says, missed?: MissedNote): void {
    this.model.note(says, missed);
  }

  // onShow is told when somebody wants to see what was missed and is still there.
  onShow: (missed: MissedNote) => void = () => {};

  private tellMissed(place: HTMLElement, missed: MissedNote): void {
    const { count: all, alive, hidden } = missed;
    const show = document.createElement("span");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "note-show", textContent: t("absence.show") });
    button.addEventListener("click", () => {
      show.remove();
      this.onShow(missed);
    });
    if (alive > 0) show.append(" · ", button);
    const values = { time: span(missed.span), missed: all, alive, show, gone: all - alive };
    place.replaceChildren(...rich(hidden ? "absence.missedHidden" : "absence.missedAlive", values));
  }

  // hold keeps the log as it stands: at once, not at the next drawing, up to which more may come, nor as it was when
  // somebody began to be busy with it.
  hold(): void {
    this.held = { rows: this.model.rows.slice(), arrived: this.arrivals };
  }

  // newest is when the last of the log's messages was published; 0: there is none.
  get newest(): number {
    return this.model.rows.reduce((at, row) => (row.kind === "message" ? Math.max(at, row.message.published) : at), 0);
  }

  // complete fills what is held with what was read back.
  complete({ messages, from }: ReadBack): void {
    if (!this.held) return;
    this.held.rows = this.model.complete(this.held.rows, messages, from);
    this.held.readBack = messages.length;
  }

  draw(): void {
    const { model } = this;
    if (!this.holding.held) this.release();
    else if (!this.held) this.hold();
    this.rows.show([...(this.held?.rows ?? model.rows)].reverse());
    this.tick();
    this.describe();
  }

  // tick turns the fate of rows whose time has come, and keeps the times of notes in the reader's zone.
  tick(): void {
    const now = this.serverNow();
    for (const { row, fate: place } of this.rows.views.values()) {
      if (row.kind === "message") write(place, fate(row, now));
      else if (row.kind === "note") write(place, row.says(now));
    }
  }

  // waiting is how many messages holding keeps from the list.
  get waiting(): number {
    return this.held ? this.arrivals - this.held.arrived : 0;
  }

  // sampled says that not every message is shown at present.
  get sampled(): boolean {
    const [first, last] = [this.counts[0], this.counts.at(-1)];
    return first !== undefined && last !== undefined && last.leftOut > first.leftOut;
  }

  private release(): void {
    if (!this.held) return;
    this.held = undefined;
    this.model.forget();
    delete this.list.dataset["readBack"];
  }

  private get arrivals(): number {
    return this.model.rows.length + this.model.dropped;
  }

  private describe(): void {
    const { model } = this;
    reveal(document.querySelector("#live-note"), this.band());
    const full = model.dropped > 0;
    const seen = Math.max(model.published, model.dropped + model.rows.length);
    reveal(
      document.querySelector("#live-foot"),
      full ? t("live.foot", { shown: Math.min(model.rows.length, MOST_ROWS), count: seen }) : "",
    );
    Object.assign(this.list.dataset, {
      published: String(model.published),
      shown: String(model.shown),
      leftOut: String(model.leftOut),
    });
    if (this.held?.readBack !== undefined) this.list.dataset["readBack"] = String(this.held.readBack);
  }

  private band(): string {
    if (!this.sampled) return "";
    const last = this.counts.at(-1);
    const first = this.counts.find(({ at }) => last !== undefined && at >= last.at - SPAN - 100);
    if (!first || !last || last.at <= first.at) return "";
    const perSecond = (n: number) => count((n * 1000) / (last.at - first.at));
    return t("live.sampled", { shown: perSecond(last.shown - first.shown), published: perSecond(last.published - first.published) });
  }

  private make(row: Row): LineView {
    if (row.kind === "skip") {
      const li = clone("row-skip");
      write(li, t(row.ended ? "live.ended" : "live.more", { count: row.count }));
      return { li, row, fate: null };
    }
    if (row.kind === "note") {
      const li = clone("row-note");
      const place = element(".text", li);
      if (!row.missed) return { li, row, fate: place };
      this.tellMissed(place, row.missed);
      return { li, row, fate: null };
    }
    const { message } = row;
    const loose = `${message.topic} ${message.sequence}`;
    const adopted = this.adopted.get(loose);
    this.adopted.delete(loose);
    const li = adopted ?? clone("row-live");
    if (!adopted) {
      name(li, message);
      fillBody(li, message);
      const at = element<HTMLTimeElement>("time.at", li);
      at.dateTime = new Date(message.published).toISOString();
      write(at, when(message.published, this.serverNow()));
    }
    Object.assign(li.dataset, { topic: message.topic, seq: String(message.sequence), published: String(message.published) });
    return { li, row, fate: li.querySelector(".fate") };
  }

  private adopt(): void {
    const messages = [];
    for (const li of this.list.querySelectorAll<HTMLLIElement>("li.live-row")) {
      const message = read(li);
      if (!message) continue;
      this.adopted.set(`${message.topic} ${message.sequence}`, li);
      messages.push(message);
    }
    this.model.adopt(messages);
  }
}

// fate is how long a message is kept, or since when it is gone.
function fate(row: Extract<Row, { kind: "message" }>, now: number): string {
  const { message, end } = row;
  const kept = message.expires - message.published;
  if (passing(message)) return t("fate.notKept");
  if (end && end.at <= now) return endedAt(end.reason, when(end.at, now));
  if (message.expires <= now) return t("fate.gone", { time: when(message.expires, now) });
  return t("fate.kept", { ttl: kept === message.granted ? short(kept) : rough(kept) });
}

// The row of one retained message: its number, its words, its line.
import { clone, element, write } from "./dom";
import { countdown, dyingFrom, short, words } from "./duration";
import { endedAt, howEnded } from "./ends";
import { Lifeline, type Motion } from "./lifeline";
import type { Going, Leave } from "./going";
import { extension } from "./lifetime";
import { type Message, keyOf } from "./message";
import { topicPath } from "./names";
import { said, visible } from "./payload";
import type { End, Entry } from "./retained";
import type { View } from "./rows";
import { t } from "./texts";
import { clock } from "./times";

// Time is the server's clock; an approximate one, while there is no connection to say that a lifetime was changed.
export interface Time {
  now(): number;
  approximate: boolean;
}

export class RetainedRow implements View {
  readonly li: HTMLLIElement;
  private readonly left: Element;
  private readonly line: Lifeline;
  private dying = false;
  private dimmed = false;

  constructor(
    readonly entry: Entry,
    private readonly going: Pick<Going, "of">,
    adopted?: HTMLLIElement,
  ) {
    this.li = adopted ?? clone("row-retained");
    this.left = element(".left", this.li);
    this.line = new Lifeline(this.li);
    this.dying = this.li.classList.contains("dying");
    if (!adopted) {
      name(this.li, entry.message);
      fillBody(this.li, entry.message);
    }
    this.describe();
  }

  // tick writes what changes with time alone. Returns in how many milliseconds the number will change.
  tick(time: Time): number {
    const { message } = this.entry;
    const left = message.expires - time.now();
    const text = (time.approximate ? "≈ " : "") + countdown(left);
    write(this.left, text);
    const dying = left <= dyingFrom(message.granted);
    if (dying !== this.dying) this.li.classList.toggle("dying", (this.dying = dying));
    this.line.step(time.now());
    return left < 10_000 ? left % 100 : left % 1000;
  }

  // draw starts the line, or starts it anew when the deadline was changed.
  draw(time: Time, motion: Motion): void {
    if (this.line.draw(this.entry.message.expires, time.now(), motion)) this.describe();
  }

  // dim shows that the message would be gone at the time that is looked at.
  dim(gone: boolean): void {
    if (gone !== this.dimmed) this.li.classList.toggle("dim", (this.dimmed = gone));
  }

  // describe writes what a change of lifetime changes.
  describe(): void {
    const { message } = this.entry;
    Object.assign(this.li.dataset, {
      topic: message.topic,
      seq: String(message.sequence),
      published: String(message.published),
      expires: String(message.expires),
      granted: String(message.granted),
      deliveries: String(message.deliveries),
    });
    if (message.maxExpires > 0) this.li.dataset["max"] = String(message.maxExpires);
    this.line.had(message.expires - message.published);
    // It was given more than it had at first.
    this.li.classList.toggle("extended", message.expires - message.published > message.granted + 1);
    this.describeActions(extension(message, message.granted), this.going.of(message));
  }

  // describeActions names the actions; on their way out messages have only Undo.
  private describeActions(by: number, leave: Leave | undefined): void {
    const going = leave !== undefined;
    const { li } = this;
    const { sequence } = this.entry.message;
    const extend = li.querySelector<HTMLElement>("form.extend");
    const more = li.querySelector<HTMLElement>("button.longer");
    const expire = li.querySelector<HTMLElement>("form.expire");
    const undo = li.querySelector<HTMLElement>(".undo");
    const focused = li.contains(document.activeElement);
    for (const action of [extend, more]) if (action) action.hidden = by <= 0 || going;
    write(extend?.querySelector(".amount") ?? null, `+${short(by)}`);
    write(extend?.querySelector(".name") ?? null, t("row.extend", { number: `#${sequence}`, ttl: words(by) }));
    write(more?.querySelector(".name") ?? null, t("row.longer", { message: `#${sequence}` }));
    write(expire?.querySelector(".name") ?? null, t("row.expire", { number: `#${sequence}` }));
    write(undo?.querySelector(".name") ?? null, t("row.undoName", { message: `#${sequence}` }));
    if (undo) undo.hidden = leave?.back === undefined;
    if (going === li.classList.contains("going")) return;
    li.classList.toggle("going", going);
    if (expire) expire.hidden = going;
    const says = li.querySelector<HTMLElement>(".going-says");
    if (says) says.hidden = !going;
    // The button that had the focus is gone; what takes its place gets it. What goes by itself before Undo could keep it has none.
    const next = !going ? "form.expire button" : leave.back === undefined ? "a.seq" : ".undo button";
    if (focused) li.querySelector<HTMLElement>(next)?.focus({ preventScroll: true });
  }

  // born shows that the message has just come.
  born(): void {
    this.li.classList.add("born");
    setTimeout(() => this.li.classList.remove("born"), 700);
  }

  // die shows the end, before the row closes.
  die(end: End): void {
    this.line.end();
    this.li.classList.add("gone");
    write(this.left, howEnded(end.reason));
  }

  remove(): void {
    this.line.stop();
  }
}

// Ghost stands in a held list where a message was. It shows no payload and is never counted.
export class Ghost implements View {
  readonly li = clone("row-ghost");
  private readonly text = element(".text", this.li);

  constructor(private readonly entry: Entry) {
    name(this.li, entry.message);
  }

  // tell writes how it ended, as far as is known.
  tell(now: number, connected: boolean): void {
    const { end } = this.entry;
    if (!end) return;
    if (!connected && end.reason === 0) return write(this.text, t("row.byDeadline"));
    const fate = endedAt(end.reason, clock(end.at, now));
    write(this.text, end.deliveries === undefined ? fate : t("row.received", { fate, count: end.deliveries }));
  }
}

// name writes which message a row is about.
export function name(li: HTMLElement, message: Message): void {
  const seq = li.querySelector<HTMLAnchorElement>("a.seq");
  if (seq) {
    write(seq, `#${message.sequence}`);
    seq.href = topicPath(message.topic, message.sequence);
  }
  const topic = li.querySelector<HTMLAnchorElement>("a.topic");
  if (topic) {
    write(topic.querySelector("bdi"), visible(message.topic));
    topic.href = topicPath(message.topic);
    topic.title = visible(message.topic);
  }
}

// fillBody writes the payload.
export function fillBody(li: HTMLElement, { body }: Message): void {
  const place = element(".msg", li);
  place.classList.toggle("note", body.note);
  place.classList.toggle("short", body.cut !== "");
  write(place.querySelector(".text"), said(body));
  write(place.querySelector(".cut"), body.cut);
}

// read takes a message from a row that the server rendered. Undefined when the row does not say what is needed.
export function read(li: HTMLElement): Message | undefined {
  const { topic, seq, published, expires, granted, max, deliveries } = li.dataset;
  if (!topic || !seq || !published || !expires) return undefined;
  const place = li.querySelector(".msg");
  return {
    topic,
    incarnation: "",
    sequence: Number(seq),
    published: Number(published),
    expires: Number(expires),
    granted: Number(granted) || Number(expires) - Number(published),
    maxExpires: Number(max) || 0,
    deliveries: Number(deliveries) || 0,
    key: "",
    attributes: [],
    body: {
      note: place?.classList.contains("note") ?? false,
      text: place?.querySelector(".text")?.textContent ?? "",
      cut: place?.querySelector(".cut")?.textContent ?? "",
    },
  };
}

// rowKey names an entry's row; its ghost is another row.
export function rowKey(entry: Entry): string {
  return keyOf(entry.message) + (entry.end ? " ghost" : "");
}

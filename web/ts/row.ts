// The row of one retained message: its number, its words, its line.
import { clone, element, percent, write } from "./dom";
import { countdown, dyingFrom, short, words } from "./duration";
import { howEnded } from "./frame";
import { type Message, keyOf } from "./message";
import { topicPath } from "./names";
import { count, visible } from "./payload";
import type { End, Entry } from "./retained";
import type { View } from "./rows";
import { path, position } from "./scale";
import { clock } from "./times";

// Time is the server's clock; an approximate one, while there is no connection to say that a lifetime was changed.
export interface Time {
  now(): number;
  approximate: boolean;
}

export class RetainedRow implements View {
  readonly li: HTMLLIElement;
  private readonly left: Element;
  private readonly rest: SVGElement;
  private line: Animation | undefined;
  private drawn = 0; // the deadline for which the line was drawn
  private dying = false;

  constructor(
    readonly entry: Entry,
    adopted?: HTMLLIElement,
  ) {
    this.li = adopted ?? clone("row-retained");
    this.left = element(".left", this.li);
    this.rest = element<SVGElement>(".life .rest", this.li);
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
    return left < 10_000 ? left % 100 : left % 1000;
  }

  // draw starts the line, or starts it anew when the deadline was changed. It then runs by itself, off the main thread.
  draw(time: Time, motion: "none" | "still" | "grow"): void {
    const { expires } = this.entry.message;
    const left = expires - time.now();
    if (this.drawn === expires && motion !== "still") return;
    const before = this.drawn;
    this.drawn = expires;
    this.line?.cancel();
    this.line = undefined;
    if (left <= 0 || motion === "still") {
      this.rest.setAttribute("width", percent(position(left)));
      return;
    }
    const points = path(left);
    this.rest.setAttribute("width", "100%");
    this.line = this.rest.animate(
      points.map(({ offset, position }) => ({ offset, transform: `scaleX(${position})`, transformOrigin: "0 0" })),
      { duration: left, fill: "forwards" },
    );
    // Left to start by itself it would be late by however long the next frame takes.
    this.line.startTime = performance.now();
    if (motion === "grow") this.grow(before, time.now(), points[0]?.position ?? 0);
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
    element(".life .had", this.li).setAttribute("width", percent(position(message.expires - message.published)));
    const by = extension(message);
    const extend = this.li.querySelector<HTMLElement>("form.extend");
    if (extend) {
      extend.hidden = by <= 0;
      write(extend.querySelector(".amount"), `+${short(by)}`);
      write(extend.querySelector(".name"), `Extend #${message.sequence} by ${words(by)}`);
    }
    write(this.li.querySelector("form.expire .name"), `Expire #${message.sequence}`);
  }

  // born shows that the message has just come.
  born(): void {
    this.li.classList.add("born");
    setTimeout(() => this.li.classList.remove("born"), 700);
    element(".life", this.li).animate(
      [{ transform: "scaleX(0)", transformOrigin: "0 0" }, { transform: "none", transformOrigin: "0 0" }],
      { duration: 160, easing: "ease-out" },
    );
  }

  // die shows the end, before the row closes.
  die(end: End): void {
    this.remove();
    this.rest.setAttribute("width", "0%");
    write(this.left, howEnded(end.reason));
  }

  remove(): void {
    this.line?.cancel();
    this.line = undefined;
    this.drawn = 0;
  }

  private grow(before: number, now: number, to: number): void {
    const from = position(before - now);
    this.rest.animate(
      [
        { transform: `scaleX(${from})`, transformOrigin: "0 0" },
        { transform: `scaleX(${to})`, transformOrigin: "0 0" },
      ],
      { duration: 240, easing: "ease-out" },
    );
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
    const by = end.deliveries === undefined ? "" : `, received by ${count(end.deliveries)}`;
    const how = connected || end.reason !== 0 ? `${howEnded(end.reason)} ${clock(end.at, now)}${by}` : "gone by its deadline";
    write(this.text, how);
  }
}

// extension is by how much "extend" would extend: its own lifetime once more, within what it may have.
export function extension(message: Message): number {
  const to = message.expires + message.granted;
  return (message.maxExpires > 0 ? Math.min(to, message.maxExpires) : to) - message.expires;
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
  write(place.querySelector(".text"), body.text);
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

// The page of one message: its number and its line, as in a list.
import { element, write } from "./dom";
import { countdown, dyingFrom } from "./duration";
import { Lifeline } from "./lifeline";
import { read } from "./row";
import { rich } from "./texts";
import { moment } from "./times";

export class Card {
  private readonly line: Lifeline;
  private readonly message;

  constructor(
    private readonly card: HTMLElement,
    private readonly now: () => number,
    private readonly ended: () => void = () => void reloadIfServed(),
  ) {
    this.line = new Lifeline(card);
    this.message = read(card);
  }

  // tick writes what changes with time. Returns in how many milliseconds that is again; nothing changes after the end.
  tick(): number {
    const { message, card } = this;
    if (!message) return Infinity;
    const now = this.now();
    const left = message.expires - now;
    if (left <= 0) return this.end(message.expires, now);
    write(card.querySelector(".left"), countdown(left));
    card.classList.toggle("dying", left <= dyingFrom(message.granted));
    this.line.draw(message.expires, now, "run");
    return left < 10_000 ? Math.max(30, left % 100) : 250;
  }

  private end(expires: number, now: number): number {
    this.line.end();
    element(".lead", this.card).replaceChildren(...rich("message.ended", { time: moment(expires, now) }));
    for (const form of this.card.querySelectorAll<HTMLElement>("form")) form.hidden = true;
    // What is past its deadline is not shown any more; the server, if it is there, tells how it ended.
    for (let next = this.card.nextElementSibling; next; next = next.nextElementSibling) (next as HTMLElement).hidden = true;
    setTimeout(this.ended, 300);
    return Infinity;
  }
}

// reloadIfServed reads the page anew, unless that would leave an error of the browser's in its place.
async function reloadIfServed(): Promise<void> {
  try {
    const answer = await fetch(location.href);
    if (answer.status < 500) location.reload();
  } catch {
    // Not connected: what stands here stays.
  }
}

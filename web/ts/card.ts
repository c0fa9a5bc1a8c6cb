// What can be done to a message that is shown whole, and its number and its line, as in a list.
import { element, write } from "./dom";
import { countdown, dyingFrom } from "./duration";
import type { Going } from "./going";
import { Lifeline } from "./lifeline";
import type { Entry } from "./retained";
import { rich } from "./texts";
import { moment } from "./times";

export class Card {
  private readonly line: Lifeline;
  private going = false;
  private over = false;

  // ended is told a moment after the message's deadline, when the server knows how it ended.
  constructor(
    readonly card: HTMLElement,
    private readonly entry: Entry,
    private readonly now: () => number,
    private readonly leaves: Pick<Going, "of">,
    private readonly ended: () => void,
  ) {
    this.line = new Lifeline(card);
    this.offer();
    this.tick();
  }

  // tick writes what changes with time. Returns in how many milliseconds that is again; nothing changes after the end.
  tick(): number {
    const { card } = this;
    const { expires, granted } = this.entry.message;
    const now = this.now();
    const left = expires - now;
    if (this.over) return Infinity;
    if (left <= 0) return this.end(expires, now);
    write(card.querySelector(".left"), countdown(left));
    card.classList.toggle("dying", left <= dyingFrom(granted));
    this.line.draw(expires, now, "run");
    if ((this.leaves.of(this.entry.message) !== undefined) !== this.going) this.offer();
    return left < 10_000 ? Math.max(30, left % 100) : 250;
  }

  // stop leaves the line where it is, for whoever draws it next.
  stop(): void {
    this.line.stop();
  }

  // offer shows what can be done: on its way out a message has only Undo. What takes the place of the button that had the
  // focus gets it.
  private offer(): void {
    const { card } = this;
    const leave = this.leaves.of(this.entry.message);
    const acts = element(".acts", card);
    const focused = acts.contains(document.activeElement);
    this.going = leave !== undefined;
    this.conceal(false);
    for (const act of card.querySelectorAll<HTMLElement>("form, button.until")) act.hidden = this.going;
    element(".going-says", card).hidden = !this.going;
    element(".undo", card).hidden = leave?.back === undefined;
    if (focused && !document.activeElement?.checkVisibility()) acts.querySelector<HTMLElement>(this.going ? ".undo button" : "form.expire button")?.focus();
  }

  private end(expires: number, now: number): number {
    this.over = true;
    this.line.end();
    element(".lead", this.card).replaceChildren(...rich("message.ended", { time: moment(expires, now) }));
    // What is past its deadline is not shown any more; the server, if it is there, tells how it ended.
    this.conceal(true);
    setTimeout(this.ended, 300);
    return Infinity;
  }

  // conceal hides what can be done, and all that stands behind the card.
  private conceal(hidden: boolean): void {
    element(".acts", this.card).hidden = hidden;
    for (let next = this.card.nextElementSibling; next; next = next.nextElementSibling) (next as HTMLElement).hidden = hidden;
  }
}
